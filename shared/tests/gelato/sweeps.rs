//! Looks over the whole account: what they show, in how many calls, and what they leave out.

use super::*;

#[tokio::test]
async fn drafts_are_listed_and_released_orders_are_not() {
    let shop = Shop::open().await;
    let parked = shop.stage(&order("ord-a", &[MUG, TEE])).await.expect("drafts");
    shop.place(&order("ord-b", &[MUG])).await.expect("released");
    let drafts = shop.gelato.drafts().await.expect("a list");
    assert_eq!(drafts.iter().map(|d| d.id.clone()).collect::<BTreeSet<_>>(), parked.ids.iter().cloned().collect());
    let born = At::from("2026-02-03T09:00:00Z".parse::<jiff::Timestamp>().expect("a time"));
    assert!(drafts.iter().all(|draft| draft.reference == "ord-a" && draft.created == Some(born)));
    shop.gelato.discard(&parked).await.expect("gone");
    assert_eq!(shop.gelato.drafts().await, Ok(Vec::new()));
}

#[tokio::test]
async fn many_references_are_one_call() {
    let shop = Shop::open().await;
    let references: Vec<String> = (0..40).map(|n| format!("ord-{n}")).collect();
    for reference in &references[..3] {
        shop.place(&order(reference, &[MUG, TEE])).await.expect("released");
    }
    shop.place(&order("ord-of-nobody", &[MUG])).await.expect("released");
    let before = shop.server.counts();
    let found = shop.gelato.statuses(&references).await.expect("a look");
    let after = shop.server.counts();
    assert_eq!((after.searches - before.searches, after.gets - before.gets), (1, 0));
    assert_eq!(found.len(), 6, "two parts of each, and nothing that was not asked for");
    assert!(found.iter().all(|row| row.stage == Some(Stage::Submitted) && references[..3].contains(&row.reference)));
    shop.server.clock().advance(5 * DAY);
    let found = shop.gelato.statuses(&references[..1]).await.expect("a look");
    assert!(found.iter().all(|row| (row.status.as_str(), row.stage) == ("delivered", Some(Stage::Delivered))));
    assert_eq!(shop.gelato.statuses(&[]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn more_rows_than_a_page_are_all_read() {
    let shop = Shop::open().await;
    let references: Vec<String> = (0..60).map(|n| format!("ord-{n}")).collect();
    for reference in &references {
        shop.place(&order(reference, &[MUG, TEE])).await.expect("released");
    }
    let before = shop.server.counts().searches;
    let found = shop.gelato.statuses(&references).await.expect("a look");
    assert_eq!((found.len(), shop.server.counts().searches - before), (120, 2));
}

#[tokio::test]
async fn a_word_that_came_later_is_kept_and_means_nothing() {
    let shop = Shop::open().await;
    shop.place(&order("ord-w", &[MUG])).await.expect("released");
    shop.fault(Op::Search, FaultKind::UnknownStatus { value: "on_the_moon".into() });
    let found = shop.gelato.statuses(&["ord-w".to_owned()]).await.expect("a look");
    assert_eq!((found[0].status.as_str(), found[0].stage), ("on_the_moon", None));
}

#[tokio::test]
async fn a_probe_tells_a_good_key_from_a_bad_one_and_a_silent_provider_from_both() {
    let shop = Shop::open().await;
    assert!(shop.gelato.probe().await.is_ok());
    let stranger = gelato(&shop.server, "not-a-key", 2, &shop.http);
    assert!(matches!(stranger.probe().await, Err(PortError::Auth(_))));
    shop.fault(Op::Catalogs, FaultKind::Status { status: 503, html: true, after: false });
    assert!(matches!(shop.gelato.probe().await, Err(PortError::Transient(_))));
    let counts = shop.server.counts();
    assert_eq!((counts.creates, counts.searches), (0, 0), "it is a read of something else");
}
