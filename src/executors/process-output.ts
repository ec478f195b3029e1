/**
 * What a task process writes to its file descriptors past Node's streams: native code, the runtime's last words, and
 * the shell lines before it.
 *
 * The file behind both descriptors belongs to the supervisor, so it outlives a crash; the part that was written while
 * a task ran is added to that task's `.err` file.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Beyond this the file is emptied after the next read. */
const keptBytes = 16 << 20;
/** No more than the last of it goes into one task's log. */
const copiedBytes = 1 << 20;

/** An append-only file that a process writes and its supervisor reads. */
export class ProcessOutput {
  /** For the `stdio` of the process. */
  readonly file: number;
  #readTo = 0;

  /** `path` null: a nameless file that vanishes with the processes that hold it. */
  constructor(path: string | null) {
    this.file = path === null ? openNameless() : openNamed(path);
  }

  /** Text that came since the last call, at most 1 MiB of its end. */
  readNew(): string {
    const { size } = fstatSync(this.file);
    if (size <= this.#readTo) return "";
    const start = Math.max(this.#readTo, size - copiedBytes);
    const bytes = Buffer.alloc(size - start);
    const numRead = readSync(this.file, bytes, 0, bytes.byteLength, start);
    this.#readTo = size;
    if (size > keptBytes) {
      ftruncateSync(this.file);
      this.#readTo = 0;
    }
    return bytes.toString("utf8", 0, numRead);
  }

  close(): void {
    closeSync(this.file);
  }
}

const openNameless = (): number => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-"));
  try {
    return openSync(join(folder, "output"), "a+");
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const openNamed = (path: string): number => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  return openSync(path, "a+");
};
