// threads.c — a pool of threads that work on the items of one job at a time.
//
// Items are claimed one by one from an atomic counter, so which thread does an item varies, and nothing that an item
// computes may depend on it. Inside an item a thread may share a second job with the threads that have run out of items
// (pool_share); each thread publishes at most one at a time.
// States of a worker: spinning on `generation` for some 20 µs → asleep until it changes → through the gate, if the job is
// still open → claiming items → helping others until all items are done → out of the gate → spinning. The caller is
// thread 0; it never waits for a worker that is still asleep.
#include "kernels.h"

#define GATE_CLOSED 0x40000000
#define load_atomic(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store_atomic(p, x) __atomic_store_n(p, x, __ATOMIC_SEQ_CST)
#define add_atomic(p, x) __atomic_fetch_add(p, x, __ATOMIC_SEQ_CST) // gives the value before

typedef struct {
  Work work;
  void *context;
  uint64_t claims; // epoch << 32 | count << 16 | items claimed: one word, so that a late claim cannot hit a later job
  int done;
  char padding[ALIGNMENT - 3 * sizeof(uint64_t) - sizeof(int)];
} SharedJob;

typedef struct Pool {
  SharedJob shared[MAX_THREADS];
  Work work;
  void *context;
  int count, is_sharing;
  int num_threads, is_parallel, is_closing;
  int next, done;
  int gate; // workers inside, and GATE_CLOSED
  int generation, sleepers;
  void *threads; // native: pthread_t of the workers
} Pool;

#ifdef __wasm__
#define SPINS_BEFORE_SLEEP 10000
static void sleep_while(int *address, int value) { __builtin_wasm_memory_atomic_wait32(address, value, -1); }
static void wake_sleepers(int *address) { __builtin_wasm_memory_atomic_notify(address, MAX_THREADS); }
static void relax(int spins) {
  // WebAssembly cannot yield; a short sleep on a number that nobody changes lets the awaited thread run.
  static int never = 0;
  if (spins > SPINS_BEFORE_SLEEP) __builtin_wasm_memory_atomic_wait32(&never, 0, 20000);
}
#else
#include <pthread.h>
#include <sched.h>
#define SPINS_BEFORE_SLEEP 1000
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_changed = PTHREAD_COND_INITIALIZER;

static void sleep_while(int *address, int value) {
  pthread_mutex_lock(&mutex);
  while (load_atomic(address) == value) pthread_cond_wait(&has_changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

static void wake_sleepers(int *address) {
  (void)address;
  pthread_mutex_lock(&mutex);
  pthread_cond_broadcast(&has_changed);
  pthread_mutex_unlock(&mutex);
}

static void relax(int spins) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
  // More threads than cores: let the one that is waited for run.
  if (spins > SPINS_BEFORE_SLEEP) sched_yield();
}
#endif

// Claims and does one item of a shared job; false if there is none.
static int help_once(Pool *pool, SharedJob *job, int thread) {
  (void)pool;
  uint64_t claims = load_atomic(&job->claims);
  do {
    if ((claims & 0xffff) >= ((claims >> 16) & 0xffff)) return 0;
  } while (!__atomic_compare_exchange_n(&job->claims, &claims, claims + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  // The publisher cannot leave before this item is done, so the fields below belong to the claim.
  job->work(job->context, (int)(claims & 0xffff), thread);
  add_atomic(&job->done, 1);
  return 1;
}

void pool_share(Pool *pool, int thread, Work work, void *context, int count) {
  if (!pool->is_parallel || count == 1) {
    for (int item = 0; item < count; item++) work(context, item, thread);
    return;
  }
  SharedJob *job = &pool->shared[thread];
  job->work = work;
  job->context = context;
  store_atomic(&job->done, 0);
  store_atomic(&job->claims, (((job->claims >> 32) + 1) << 32) | (uint64_t)count << 16);
  while (help_once(pool, job, thread)) {
  }
  for (int spins = 0; load_atomic(&job->done) < count; spins++) relax(spins);
}

static void take_part(Pool *pool, int thread) {
  const int count = pool->count;
  for (int item; (item = add_atomic(&pool->next, 1)) < count;) {
    pool->work(pool->context, item, thread);
    add_atomic(&pool->done, 1);
  }
  if (!pool->is_sharing) return;
  for (int spins = 0; load_atomic(&pool->done) < count; spins++) {
    int has_helped = 0;
    for (int i = 1; i < pool->num_threads; i++)
      has_helped |= help_once(pool, &pool->shared[(thread + i) % pool->num_threads], thread);
    if (has_helped) spins = 0;
    else relax(spins);
  }
}

void pool_run(Pool *pool, Work work, void *context, int count, int is_sharing) {
  if (pool->num_threads == 1 || (count == 1 && !is_sharing)) {
    for (int item = 0; item < count; item++) work(context, item, 0);
    return;
  }
  pool->work = work;
  pool->context = context;
  pool->count = count;
  pool->is_sharing = is_sharing;
  pool->is_parallel = 1;
  store_atomic(&pool->done, 0);
  store_atomic(&pool->next, 0);
  __atomic_fetch_and(&pool->gate, ~GATE_CLOSED, __ATOMIC_SEQ_CST);
  add_atomic(&pool->generation, 1);
  if (load_atomic(&pool->sleepers) > 0) wake_sleepers(&pool->generation);
  take_part(pool, 0);
  for (int spins = 0; load_atomic(&pool->done) < count; spins++) relax(spins);
  __atomic_fetch_or(&pool->gate, GATE_CLOSED, __ATOMIC_SEQ_CST);
  for (int spins = 0; (load_atomic(&pool->gate) & ~GATE_CLOSED) != 0; spins++) relax(spins);
  pool->is_parallel = 0;
}

// Body of thread `thread` ≥ 1; returns when the pool closes.
EXPORT void lh_pool_worker(Pool *pool, int thread) {
  int seen = 0;
  for (;;) {
    for (int spins = 0; spins < SPINS_BEFORE_SLEEP && load_atomic(&pool->generation) == seen; spins++) relax(0);
    add_atomic(&pool->sleepers, 1);
    while (load_atomic(&pool->generation) == seen) sleep_while(&pool->generation, seen);
    add_atomic(&pool->sleepers, -1);
    seen = load_atomic(&pool->generation);
    if (load_atomic(&pool->is_closing)) return;
    if (!(add_atomic(&pool->gate, 1) & GATE_CLOSED)) take_part(pool, thread);
    add_atomic(&pool->gate, -1);
  }
}

#ifndef __wasm__
typedef struct {
  Pool *pool;
  int thread;
  pthread_t id;
} Worker;

static void *worker_main(void *argument) {
  const Worker *worker = argument;
  lh_pool_worker(worker->pool, worker->thread);
  return 0;
}
#endif

EXPORT int lh_pool_bytes(void) {
#ifdef __wasm__
  return (int)sizeof(Pool);
#else
  return (int)(sizeof(Pool) + MAX_THREADS * sizeof(Worker));
#endif
}

// memory: lh_pool_bytes() zeros. Native: starts the workers; WebAssembly: the caller starts them (lh_pool_worker).
// Returns the number of threads that the pool has, at most num_threads.
EXPORT int lh_pool_open(Pool *pool, int num_threads) {
  pool->gate = GATE_CLOSED;
  pool->num_threads = num_threads < MAX_THREADS ? num_threads : MAX_THREADS;
#ifndef __wasm__
  Worker *workers = (Worker *)(pool + 1);
  pool->threads = workers;
  for (int i = 1; i < pool->num_threads; i++) {
    workers[i].pool = pool;
    workers[i].thread = i;
    if (pthread_create(&workers[i].id, 0, worker_main, &workers[i]) != 0) pool->num_threads = i;
  }
#endif
  return pool->num_threads;
}

EXPORT void lh_pool_close(Pool *pool) {
  store_atomic(&pool->is_closing, 1);
  add_atomic(&pool->generation, 1);
  wake_sleepers(&pool->generation);
#ifndef __wasm__
  Worker *workers = pool->threads;
  for (int i = 1; i < pool->num_threads; i++) pthread_join(workers[i].id, 0);
#endif
}
