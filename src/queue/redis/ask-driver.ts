/** Words to the driver of a sweep on another host, over its Redis. */
import { SweepError } from "../../core/errors.ts";
import { connectRedis } from "./connection/connect-redis.ts";
import { parseRedisUrl, readConnectionFile } from "./connection/redis-address.ts";
import { SweepStore } from "./sweep-store.ts";

/** @throws SweepError `ENVIRONMENT` if Redis is out of reach or nobody listens, `USAGE`, `NOT_FOUND`. */
export const askDriverToCancel = async (
  connectionFile: string,
  sweepId: string,
  reason: string,
): Promise<void> => {
  const address = parseRedisUrl(readConnectionFile(connectionFile).url, connectionFile);
  const client = await connectRedis(address, { requireAuthentication: true });
  try {
    const { channel } = new SweepStore(client, sweepId);
    if ((await client.publish(channel, `cancel ${reason}`)) === 0)
      throw new SweepError(
        "ENVIRONMENT",
        `nobody listens for sweep ${sweepId} in this Redis; its driver is gone.`,
      );
  } finally {
    client.disconnect();
  }
};
