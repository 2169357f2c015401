// Shared by the Node adapters: options, clock, the job itself, and the ways of enqueueing. The contract is in bench/README.md.
import fs from 'node:fs';

export const verb = process.argv[2];
const given = {};
for (let i = 3; i < process.argv.length; i += 2) given[process.argv[i].replace(/^--/, '')] = process.argv[i + 1];
const n = +(given.n ?? 0), from = +(given.from ?? 0), mode = given.mode ?? 'single';
const workMs = +(given['work-ms'] ?? 0), intervalMs = +(given['interval-ms'] ?? 0);
export const slots = +(given.concurrency ?? 10);

const now = () => Number(process.hrtime.bigint()); // CLOCK_MONOTONIC, which all contenders share
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const log = process.env.BENCH_LOG ? fs.openSync(process.env.BENCH_LOG, 'a') : null;
const payload = (k) => ({ i: from + k, t: now(), w: workMs });

export async function job(p) {
  fs.writeSync(log, `S ${p.i} ${p.t} ${now()} ${process.pid}\n`);
  if (p.w > 0) {
    await sleep(p.w);
    fs.writeSync(log, `D ${p.i} 0 ${now()} ${process.pid}\n`);
  }
}

// one: enqueues a payload; many: enqueues a block of them.
export async function enqueue(one, many) {
  const began = now();
  if (mode === 'bulk') {
    for (let k = 0; k < n; k += 1000) {
      await many(Array.from({ length: Math.min(1000, n - k) }, (_, j) => payload(k + j)));
    }
  } else if (mode === 'paced') {
    for (let k = 0; k < n; k++) { await one(payload(k)); await sleep(intervalMs); }
  } else {
    let next = 0;
    const lane = async () => { while (next < n) await one(payload(next++)); };
    await Promise.all(Array.from({ length: mode === 'serial' ? 1 : 64 }, lane));
  }
  console.log(JSON.stringify({ n, seconds: (now() - began) / 1e9 }));
}

export function onTerm(close) {
  process.on('SIGTERM', async () => { await Promise.race([close(), sleep(3000)]); process.exit(0); });
}
