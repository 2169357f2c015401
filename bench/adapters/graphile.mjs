// Tuned as its own pages on performance say: a local queue of 500 jobs, and completion in batches.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { enqueue, job, onTerm, slots, verb } from './common.mjs';

const preset = {
  worker: {
    connectionString: process.env.BENCH_PG_URL,
    concurrentJobs: slots,
    maxPoolSize: 10,
    localQueue: { size: 500 },
    completeJobBatchDelay: 5,
    failJobBatchDelay: 5,
    logger: new Logger(() => () => {}),
  },
};

if (verb === 'worker') {
  const runner = await run({ preset, noHandleSignals: true, taskList: { j: job } });
  onTerm(() => runner.stop());
} else {
  const utils = await makeWorkerUtils({ preset });
  if (verb === 'setup') await utils.withPgClient((pg) => pg.query('drop schema if exists graphile_worker cascade'));
  await utils.migrate();
  const many = (ps) => utils.addJobs(ps.map((payload) => ({ identifier: 'j', payload })));
  if (verb === 'enqueue') await enqueue((p) => utils.addJob('j', p), many);
  await utils.release();
  process.exit(0);
}
