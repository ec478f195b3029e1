/** Where a server of ours may listen. */
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { SweepError } from "../../../core/errors.ts";

/** Address of a network interface, or the text where it is one of this machine; null: loopback. @throws `USAGE` for others. */
export const bindAddressOf = (name: string | null): string => {
  if (name === null) return "127.0.0.1";
  const interfaces = networkInterfaces();
  const all = Object.entries(interfaces).flatMap(([key, entries = []]) =>
    entries.map((entry) => ({ key, address: entry.address, family: entry.family })),
  );
  const found =
    all.find(({ address }) => address === name) ??
    all.find(({ key, family }) => key === name && family === "IPv4");
  if (found !== undefined) return found.address;
  const known = all.map(({ key, address }) => `${key} (${address})`).join(", ");
  throw new SweepError(
    "USAGE",
    `"${name}" is no network interface and no address of this machine. There are: ${known}.`,
  );
};

/** A port that nobody listens at now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
