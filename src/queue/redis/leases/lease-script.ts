/** The two steps on leases that must be atomic and that BullMQ does not offer, as scripts inside Redis. */
import type { Redis } from "ioredis";

/**
 * Renews a lease. A lease that ran out while Redis could not be reached is taken up again, if nobody has taken the job
 * in between: still active, not locked, not started again. Returns {1 if held, reason to stop or ""}.
 */
const renewScript = `
local token, leaseMs, jobId, taskId, numStarts = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local holder = redis.call("GET", KEYS[1])
local held = 0
if holder == token then
  redis.call("PEXPIRE", KEYS[1], leaseMs)
  held = 1
elseif not holder and redis.call("HGET", KEYS[3], "ats") == numStarts and redis.call("LPOS", KEYS[2], jobId) then
  redis.call("SET", KEYS[1], token, "PX", leaseMs)
  held = 1
end
return {held, redis.call("HGET", KEYS[4], taskId) or ""}
`;

/** Ids in the list of active jobs whose lock is gone. ARGV[1]: prefix of the queue's keys. */
const lostScript = `
local lost = {}
for _, id in ipairs(redis.call("LRANGE", KEYS[1], 0, -1)) do
  if redis.call("EXISTS", ARGV[1] .. id .. ":lock") == 0 then lost[#lost + 1] = id end
end
return lost
`;

interface ScriptedRedis extends Redis {
  lambdaHatRenew(...args: (string | number)[]): Promise<[number, string]>;
  lambdaHatLost(...args: (string | number)[]): Promise<string[]>;
}

const scripted = (client: Redis): ScriptedRedis => {
  const known = client as ScriptedRedis;
  if (!("lambdaHatRenew" in client)) {
    client.defineCommand("lambdaHatRenew", { numberOfKeys: 4, lua: renewScript });
    client.defineCommand("lambdaHatLost", { numberOfKeys: 1, lua: lostScript });
  }
  return known;
};

/** A lease as Redis sees it. */
export interface StoredLease {
  readonly keys: { readonly lock: string; readonly active: string; readonly job: string };
  readonly stopKey: string;
  readonly jobId: string;
  readonly taskId: string;
  readonly token: string;
  readonly numStarts: number;
}

/** Renews; `stopReason` null unless the task is asked to stop. */
export const renewLease = async (
  client: Redis,
  lease: StoredLease,
  leaseMs: number,
): Promise<{ isHeld: boolean; stopReason: string | null }> => {
  const { keys, stopKey, token, jobId, taskId, numStarts } = lease;
  const args = [keys.lock, keys.active, keys.job, stopKey, token, leaseMs, jobId, taskId, String(numStarts)];
  const [held, reason] = await scripted(client).lambdaHatRenew(...args);
  return { isHeld: held === 1, stopReason: reason === "" ? null : reason };
};

/** Ids of the active jobs of a queue whose lease has run out. */
export const lostJobIds = (client: Redis, activeKey: string): Promise<readonly string[]> =>
  scripted(client).lambdaHatLost(activeKey, activeKey.slice(0, -"active".length));

/** Takes over a lease that has run out; false if somebody else was faster. */
export const claimLock = async (
  client: Redis,
  lockKey: string,
  lock: { readonly token: string; readonly leaseMs: number },
): Promise<boolean> => (await client.set(lockKey, lock.token, "PX", lock.leaseMs, "NX")) === "OK";
