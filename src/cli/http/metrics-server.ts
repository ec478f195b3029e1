/** Serves metrics at `/metrics` for Prometheus. */
import { createServer } from "node:http";
import { messageOf } from "../../core/errors.ts";
import { closeServer, type ListenAddress, listenAt } from "./listen.ts";

/** A server that answers scrapes. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What is served. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
}

/** @throws SweepError `ENVIRONMENT` if the port cannot be opened. */
export const serveMetrics = async (source: MetricsSource, at: ListenAddress): Promise<MetricsServer> => {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(request.method === "HEAD" ? "" : text);
    };
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (!isRead) answer(405, "only GET\n");
    else if (request.url?.split("?")[0] !== "/metrics") answer(404, "metrics are at /metrics\n");
    else
      source.text().then(
        (text) => answer(200, text, source.contentType),
        (error: unknown) => answer(500, `${messageOf(error)}\n`),
      );
  });
  const url = await listenAt(server, at, "--metrics");
  return { url: `${url}/metrics`, close: () => closeServer(server) };
};
