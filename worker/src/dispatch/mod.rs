//! Handing ids of ready jobs to slots. Two dispatchers, one runner: `ledger` asks the ledger itself; `redis` is handed ids that `relay` put
//! there. Every start claims in SQL, so both may run beside each other, and either may be lost.

mod ahead;
mod ledger;
mod link;
mod redis;
mod relay;

use std::sync::Arc;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use crate::Redis;
use crate::execute::Runner;
use crate::lanes::Lanes;

/// A log filter: what ends one of apalis' workers is told by the dispatcher, in our words and once.
pub const TOLD_IN_OUR_WORDS: &str = "apalis_core=off";

/// Hands out work until `stop`: through Redis while it is there, and without it while it is not.
///
/// # Errors
/// Never by itself: troubles of the database and of Redis are waited out.
pub(crate) async fn serve(
    runner: &Arc<Runner>,
    lanes: &Arc<Lanes>,
    redis: Option<&Redis>,
    stop: &CancellationToken,
) -> Result<()> {
    let Some(settings) = redis else {
        return ledger::serve(runner, lanes, stop.clone()).await;
    };
    while !stop.is_cancelled() {
        if let Some(link) = link::Link::open(settings).await {
            runner.show(|me| "redis".clone_into(&mut me.dispatcher));
            redis::serve(runner, lanes, &link, stop).await;
        }
        if stop.is_cancelled() {
            break;
        }
        tracing::warn!("Redis does not answer: jobs are handed out through the database until it does");
        runner.show(|me| "ledger".clone_into(&mut me.dispatcher));
        let meanwhile = stop.child_token();
        let back = async {
            redis::until_back(settings, &meanwhile).await;
            meanwhile.cancel();
        };
        let (served, ()) = tokio::join!(ledger::serve(runner, lanes, meanwhile.clone()), back);
        served?;
    }
    Ok(())
}
