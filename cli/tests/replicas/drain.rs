//! SIGTERM: what runs may end, what does not goes on elsewhere, what was not begun was never charged.

use platen_shared::testing::{DEADLINE, databases, suite_ran};

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ends_while_the_worker_drains_counts_once() {
    for test in databases().await {
        let engine = test.engine();
        let shop = Shop::open(test).await;
        shop.hold_the_next_sync();
        let job = shop.sync("g-1").await;
        let mut worker = shop.worker(&[], &[]).await;
        assert!(shop.sim.wait_held(DEADLINE).await, "the job runs");
        worker.asked_to_stop().await;
        shop.sim.open_gates(None);
        assert_eq!(worker.ended().await, Some(0), "a graceful stop");
        let job = shop.job(&job).await;
        assert_eq!(job["state"], "succeeded", "{job}");
        assert_eq!((&job["attempt"], &job["failures"], &job["recoveries"]), (&1.into(), &0.into(), &0.into()), "{job}");
        suite_ran("drain", engine);
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_does_not_goes_on_elsewhere_and_its_neighbours_were_never_charged() {
    for test in databases().await {
        let shop = Shop::open(test).await;
        shop.hold_the_next_sync();
        let held = shop.sync("g-1").await;
        let mut worker = shop.worker(&["--concurrency", "1"], &[("PLATEN_WORKER__DRAIN_S", "1")]).await;
        assert!(shop.sim.wait_held(DEADLINE).await, "the job runs");
        let behind = [shop.sync("g-2").await, shop.sync("g-3").await];
        worker.asked_to_stop().await;
        assert_eq!(worker.ended().await, Some(0), "a stop in good order, without the job");
        let job = shop.job(&held).await;
        assert_eq!(
            (&job["state"], &job["failures"], &job["recoveries"]),
            (&"ready".into(), &0.into(), &1.into()),
            "{job}"
        );
        for id in &behind {
            let job = shop.job(id).await;
            assert_eq!(
                (&job["attempt"], &job["failures"], &job["recoveries"]),
                (&0.into(), &0.into(), &0.into()),
                "{job}"
            );
        }
        shop.sim.clear_faults();
        let mut other = shop.worker(&[], &[]).await;
        for id in behind.iter().chain([&held]) {
            assert_eq!(shop.done(id).await["failures"], 0);
        }
        other.asked_to_stop().await;
        assert_eq!(other.ended().await, Some(0));
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let shop = Shop::open(platen_shared::testing::TestDb::sqlite().await).await;
    shop.hold_the_next_sync();
    shop.sync("g-1").await;
    let mut worker = shop.worker(&[], &[("PLATEN_WORKER__DRAIN_S", "3600")]).await;
    assert!(shop.sim.wait_held(DEADLINE).await, "the job runs");
    worker.asked_to_stop().await;
    worker.asked_again();
    assert_eq!(worker.ended().await, Some(1), "long before the drain would end");
    shop.sim.clear_faults();
    shop.close().await;
}
