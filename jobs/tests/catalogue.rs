//! A sync from its first page to the last template, killed on the way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::collections::BTreeSet;

use platen_jobs::find;
use platen_shared::store::{catalogue, catalogue_templates};
use platen_shared::testing::{TestDb, databases};
use platen_sim::gelato::{Fault, FaultKind, Op};
use serde_json::json;
use world::World;

const TEE: &str = "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4";

/// A world whose tenant lists every template of the printer's, and one that it does not have.
async fn listed(test: TestDb) -> (World, usize) {
    let world = World::new(test).await;
    let there = world.printer.template_ids();
    let ids: BTreeSet<String> = there.iter().cloned().chain((0..12).map(|n| format!("gone-{n}"))).collect();
    let mut tx = world.test.db.begin("test").await.unwrap();
    catalogue_templates::put(&mut tx, world.tenant, "gelato", &ids).await.unwrap();
    tx.commit().await.unwrap();
    (world, there.len())
}

async fn next(world: &World) -> Option<platen_shared::id::JobId> {
    world.jobs("sync_catalog").await.into_iter().find(|job| !job.finished()).map(|job| job.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_reads_every_template_and_goes_on_where_it_was_killed() {
    for test in databases().await {
        let (world, there) = listed(test).await;
        let payload = json!({ "provider": "gelato", "generation": "g1" });
        world.enqueue(find("sync_catalog").unwrap(), &payload, None).await;
        let (mut turns, mut killed) = (0, 0);
        while let Some(id) = next(&world).await {
            turns += 1;
            assert!(turns < 60, "it ends");
            let job = world.job(id).await;
            if job.payload.0["templatesAfter"].is_string() && job.attempt == 0 {
                assert!(world.run_and_kill(id, "sync_catalog", if killed == 0 { "fetched" } else { "recorded" }).await);
                killed += 1;
                continue;
            }
            world.run(id).await;
        }
        assert_eq!(killed, 2, "25 templates are two jobs, each killed once");
        let read = &mut world.test.db.reader();
        let sync = catalogue::syncs(read, world.tenant).await.unwrap().remove(0);
        assert!(sync.state == "done" && sync.last_sync_at.is_some(), "{sync:?}");
        let rows = catalogue_templates::list(read, world.tenant, "gelato").await.unwrap();
        let state = |word: &str| rows.iter().filter(|row| row.state == word).count();
        assert_eq!((state("read"), state("refused"), state("listed")), (there, 12, 0));
        let tee = catalogue_templates::of_product(read, world.tenant, "gelato", TEE).await.unwrap();
        assert_eq!((tee.len(), tee[0].variant.placeholders.len()), (1, 2), "once, however often it was read");
        let item = catalogue::item(read, world.tenant, "gelato", TEE).await.unwrap().unwrap();
        assert_eq!(item.delivery[0].country, "FR");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_passes_trouble_is_tried_again_and_a_newer_sync_wins() {
    for test in databases().await {
        let (world, _) = listed(test).await;
        let entry = find("sync_catalog").unwrap();
        let begin = json!({ "provider": "gelato", "generation": "g2" });
        let first = world.enqueue(entry, &begin, None).await;
        world.run(first).await;
        let left = next(&world).await.unwrap();
        world.cancel(left).await;
        // The last step of an older sync: it reads, and writes nothing.
        let late = json!({ "provider": "gelato", "generation": "g1", "templatesAfter": "" });
        let id = world.enqueue(entry, &late, None).await;
        world.printer.set_fault(
            Fault::new(FaultKind::Status { status: 503, html: true, after: false }).on(Op::Template).times(1),
        );
        world.run(id).await;
        assert_eq!(world.job(id).await.failures, 1);
        world.clock.advance(std::time::Duration::from_secs(3));
        world.run(id).await;
        assert_eq!(world.job(id).await.state, "succeeded");
        let rows = catalogue_templates::list(&mut world.test.db.reader(), world.tenant, "gelato").await.unwrap();
        assert!(rows.iter().all(|row| row.state == "listed"), "the older sync stopped");
        assert!(next(&world).await.is_none(), "and left nothing behind");
        world.end().await;
    }
}
