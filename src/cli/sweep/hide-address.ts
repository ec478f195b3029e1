/**
 * Command lines that are kept or handed to another process: addresses with a password are replaced by files of mode 0600 that
 * hold them, because arguments can be read by every user of the machine.
 */
import { parse } from "yaml";
import { writeFileAtomic } from "../../core/atomic-write.ts";
import { holdsPassword } from "../../core/url-password.ts";

/** Of an argument: what stands before the address, and the address. */
const redisOption = /^(--redis)=(.*)$/s;
const cardKey = /^((?:--set=)?card\.(?:(?:build|sample)\.)?redis)(?:\.url)?\s*=(.*)$/s;

/** The same command line with `file` (and `file`-2 …) for the addresses with a password, which are written there. */
export const withoutPasswords = (args: readonly string[], file: string): readonly string[] => {
  const files = new Map<string, string>();
  const fileOf = (url: string): string => {
    const path = files.get(url) ?? (files.size === 0 ? file : `${file}-${files.size + 1}`);
    files.set(url, path);
    return path;
  };
  const hidden = args.map((arg, index) => {
    if (args[index - 1] === "--redis" && holdsPassword(arg)) return fileOf(arg);
    const [, option, address = ""] = redisOption.exec(arg) ?? [];
    if (option !== undefined) return holdsPassword(address) ? `${option}=${fileOf(address)}` : arg;
    const [, key, value = ""] = cardKey.exec(arg) ?? [];
    const url = urlOf(value);
    return key !== undefined && holdsPassword(url) ? `${key}.url=${fileOf(url)}` : arg;
  });
  for (const [url, path] of files) writeFileAtomic(path, `${url}\n`, 0o600);
  return hidden;
};

/** Value of a key → the address in it: as it is, as a YAML text, or as the member `url`. */
const urlOf = (value: string): string => {
  if (/^[a-z]+:\/\//i.test(value)) return value;
  try {
    const parsed: unknown = parse(value);
    const url = typeof parsed === "object" && parsed !== null && "url" in parsed ? parsed.url : parsed;
    return typeof url === "string" ? url : "";
  } catch {
    return value;
  }
};
