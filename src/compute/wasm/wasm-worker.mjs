/**
 * A thread of the `wasm` backend: an instance of the kernels on the shared memory, with a stack of its own, that does
 * what the pool hands out until the pool closes. Plain JavaScript, because workers load it as it lies, from `src`.
 */
import { workerData } from "node:worker_threads";

const { module, memory, stackTop, pool, thread } = workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
exports.__stack_pointer.value = stackTop;
exports.lh_pool_worker(pool, thread);
