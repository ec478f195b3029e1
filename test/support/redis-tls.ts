/** A redis-server that speaks TLS alone, with a certificate that openssl made for it, for tests. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectRedis } from "../../src/queue/redis/connection/connect-redis.ts";
import { parseRedisUrl } from "../../src/queue/redis/connection/redis-address.ts";
import { hasRedisServer } from "./redis-server.ts";

/** Why there can be none here; null: there can. */
export const whyNoTls = ((): string | null => {
  if (!hasRedisServer) return "there is no redis-server on the PATH";
  if (spawnSync("openssl", ["version"]).status !== 0) return "there is no openssl on the PATH";
  const { stdout, stderr } = spawnSync("redis-server", ["--tls-auth-clients", "?"], { encoding: "utf8" });
  return /must be one of/.test(stdout + stderr) ? null : "redis-server was built without TLS";
})();

/** A running server and its files. */
export interface TlsRedis {
  readonly port: number;
  readonly password: string;
  /** Its certificate, which is its own authority. */
  readonly ca: string;
  readonly key: string;
  stop(): Promise<void>;
}

/** Starts one on 127.0.0.1 that asks for `password`, and with `asksClients` for a certificate too. */
export const startTlsRedis = async (asksClients: boolean): Promise<TlsRedis> => {
  const folder = mkdtempSync(join(tmpdir(), "lh-tls-"));
  const [ca, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", ca];
  execFileSync("openssl", ["req", ...kind, ...subject], { stdio: "ignore" });
  const [port, password] = [await freePort(), "p@ss/word"];
  const files = ["--tls-cert-file", ca, "--tls-key-file", key, "--tls-ca-cert-file", ca];
  const access = ["--tls-auth-clients", asksClients ? "yes" : "no", "--requirepass", password];
  const place = [
    "--port",
    "0",
    "--tls-port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
  ];
  const server = spawn("redis-server", [...place, ...files, ...access], { stdio: "ignore" });
  const stop = async (): Promise<void> => {
    await end(server);
    rmSync(folder, { recursive: true });
  };
  const redis = { port, password, ca, key, stop };
  await untilReady(tlsUrlOf(redis, { ca, cert: ca, key }), server);
  return redis;
};

/** Its address with these files. */
export const tlsUrlOf = (
  { port, password }: Pick<TlsRedis, "port" | "password">,
  files: Readonly<Record<string, string>>,
): string =>
  `rediss://:${encodeURIComponent(password)}@127.0.0.1:${port}/0?${new URLSearchParams(files).toString()}`;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });

const untilReady = async (url: string, server: ChildProcess): Promise<void> => {
  const address = parseRedisUrl(url, "test");
  for (let tries = 0; ; tries++) {
    const client = await connectRedis(address, { requireAuthentication: true }).catch((error: unknown) => {
      if (tries > 100 || server.exitCode !== null) throw error;
      return null;
    });
    client?.disconnect();
    if (client !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const end = async (server: ChildProcess): Promise<void> => {
  const exited = new Promise((resolve) => server.once("exit", resolve));
  if (server.exitCode === null && server.kill("SIGKILL")) await exited;
};
