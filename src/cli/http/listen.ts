/** Where a command serves HTTP: `[HOST:]PORT`, loopback unless a host is named, and one clear message if that fails. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { InvalidArgumentError } from "commander";
import { SweepError } from "../../core/errors.ts";

/** An address of this machine. Port 0: any that is free. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `9464`, `10.0.0.5:9464`, `[::1]:9464`. @throws commander's InvalidArgumentError. */
export const parseListenAddress = (text: string): ListenAddress => {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new InvalidArgumentError("expected a port, or an address and a port: 9464, 10.0.0.5:9464.");
  return { host: match[1] ?? match[2] ?? "127.0.0.1", port };
};

/**
 * Opens a server and returns its URL, without a path. `option`: what named the address, for messages.
 * @throws SweepError `ENVIRONMENT` if the port is in use, or is no port that we may open.
 */
export const listenAt = async (
  server: Server,
  { host, port }: ListenAddress,
  option: string,
): Promise<string> => {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const message = `${option} ${formatHost(host)}:${port}: ${problemOf(error, host)}`;
      reject(new SweepError("ENVIRONMENT", message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  return `http://${formatHost(host)}:${(server.address() as AddressInfo).port}`;
};

/** Ends a server and the connections that browsers keep open. */
export const closeServer = async (server: Server): Promise<void> => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
};

const formatHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);

const problemOf = (error: NodeJS.ErrnoException, host: string): string => {
  switch (error.code) {
    case "EADDRINUSE":
      return "another program listens on this port. Choose another; 0 takes one that is free.";
    case "EACCES":
      return "this user may not open this port; expected one from 1024 to 65535.";
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine.`;
    default:
      return error.message;
  }
};
