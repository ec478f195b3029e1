/** The long form of `redis-sweep.test.ts`: Redis is away for a minute. */
import "./redis-sweep.test.ts";
