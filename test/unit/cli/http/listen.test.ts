import { createServer } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { closeServer, listenAt, parseListenAddress } from "../../../../src/cli/http/listen.ts";

it("listens on loopback unless a host is named", () => {
  expect(parseListenAddress("9464")).toEqual({ host: "127.0.0.1", port: 9464 });
  expect(parseListenAddress("0.0.0.0:80")).toEqual({ host: "0.0.0.0", port: 80 });
  expect(parseListenAddress("[::1]:0")).toEqual({ host: "::1", port: 0 });
});

it.each(["", "host", "host:", ":1", "1:2:3", "65536", "-1", "a b"])("refuses %j as an address", (text) => {
  expect(() => parseListenAddress(text)).toThrow("expected a port, or an address and a port");
});

it("says in one message that a port is in use or an address is not of this machine", async () => {
  const [first, second] = [createServer(), createServer()];
  const url = await listenAt(first, { host: "127.0.0.1", port: 0 }, "--metrics");
  onTestFinished(() => closeServer(first));
  const port = Number(new URL(url).port);
  await expect(listenAt(second, { host: "127.0.0.1", port }, "--metrics")).rejects.toMatchObject({
    code: "ENVIRONMENT",
    message: `--metrics 127.0.0.1:${port}: another program listens on this port. Choose another; 0 takes one that is free.`,
  });
  await expect(listenAt(createServer(), { host: "192.0.2.1", port: 0 }, "--port")).rejects.toMatchObject({
    code: "ENVIRONMENT",
    message: "--port 192.0.2.1:0: 192.0.2.1 is no address of this machine.",
  });
});
