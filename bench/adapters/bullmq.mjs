import { Queue, Worker } from 'bullmq';
import { enqueue, job, onTerm, slots, verb } from './common.mjs';

const url = new URL(process.env.BENCH_REDIS_URL);
const connection = { host: url.hostname, port: +url.port, db: +url.pathname.slice(1), maxRetriesPerRequest: null };

if (verb === 'worker') {
  const worker = new Worker('bench', (taken) => job(taken.data), { connection, concurrency: slots });
  worker.on('error', () => {});
  onTerm(() => worker.close(true));
} else {
  const queue = new Queue('bench', { connection });
  await queue.waitUntilReady();
  if (verb === 'setup') await queue.obliterate({ force: true });
  else await enqueue((p) => queue.add('j', p), (ps) => queue.addBulk(ps.map((data) => ({ name: 'j', data }))));
  await queue.close();
  process.exit(0);
}
