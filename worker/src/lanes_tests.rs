use std::time::Duration;

use futures::FutureExt;
use platen_shared::ledger::Queue::{Bundles, Orders, Previews};

use super::*;

fn lane(queue: Queue, concurrency: usize, priority: i64) -> Lane {
    Lane { queue, concurrency, timeout: Duration::from_secs(60), priority }
}

fn three(concurrency: usize) -> Arc<Lanes> {
    Lanes::new(vec![lane(Bundles, 8, 0), lane(Previews, 4, 9), lane(Orders, 4, 5)], concurrency)
}

#[test]
fn a_full_lane_never_keeps_another_from_running() {
    let lanes = three(4);
    let bundles = lanes.take_up_to(Bundles, 100);
    assert_eq!(bundles.len(), 2, "its own slot and the one that is shared");
    assert_eq!([Previews, Orders, Bundles].map(|queue| lanes.room(queue)), [1, 1, 0]);
    let previews = lanes.take_up_to(Previews, 100);
    assert_eq!((previews.len(), lanes.take_up_to(Orders, 100).len()), (1, 1));
    drop(bundles);
    assert_eq!(lanes.take_up_to(Previews, 100).len(), 1, "the shared slot is free again");
}

#[test]
fn a_lane_stays_below_its_own_limit() {
    let lanes = three(100);
    assert_eq!(lanes.take_up_to(Previews, 100).len(), 4);
    assert_eq!(lanes.slots(), 16);
    assert_eq!(three(1).slots(), 3, "one of each at least");
    assert_eq!(lanes.take_up_to(Queue::Money, 1).len(), 0, "a lane that is not served");
}

#[tokio::test]
async fn a_freed_slot_goes_to_the_better_lane() {
    let lanes = three(4);
    let held = (lanes.take_up_to(Orders, 2), lanes.take_up_to(Previews, 1), lanes.take_up_to(Bundles, 1));
    let mut bundle = Box::pin(lanes.take(Bundles));
    let mut preview = Box::pin(lanes.take(Previews));
    assert!(bundle.as_mut().now_or_never().is_none() && preview.as_mut().now_or_never().is_none(), "all are taken");
    drop(held.0);
    assert!(bundle.as_mut().now_or_never().is_none(), "a preview waits");
    let first = preview.await;
    assert!(bundle.as_mut().now_or_never().is_none());
    drop(first);
    tokio::time::timeout(Duration::from_secs(30), bundle).await.expect("then the bundle");
    drop((held.1, held.2));
    tokio::time::timeout(Duration::from_secs(30), lanes.idle()).await.expect("nothing runs");
}
