//! The Gelato adapter against the stand-in, over loopback. What was printed is counted there, never by the adapter.
//!
//! No test waits for the wall clock: the gate's clock and the stand-in's are both moved by hand.

#[path = "gelato/offers.rs"]
mod offers;
#[path = "gelato/sweeps.rs"]
mod sweeps;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use platen_shared::adapters::gelato::{Gelato, Settings};
use platen_shared::adapters::http::{Gates, Http};
use platen_shared::clock::Clock;
use platen_shared::db::At;
use platen_shared::domain::order::Stage;
use platen_shared::id::TenantId;
use platen_shared::ports::provider::{Cancelled, Found, OrderRequest, Part, PrintProvider, RequestItem, Staged};
use platen_shared::ports::{PortError, PortResult};
use platen_sim::gelato::{Config, Fault, FaultKind, Op, QuoteRefusal, ReferencePolicy, Server};

const MUG: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";
const TEE: &str = "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4";
const KEY: &str = "key-of-the-test";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The gate's clock: moves when it is told to.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> At {
        At(self.0.load(Ordering::SeqCst))
    }
}

struct Shop {
    server: Server,
    hands: Arc<Hands>,
    http: Http,
    gelato: Gelato,
}

impl Shop {
    async fn open() -> Shop {
        Shop::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Shop {
        let clock = platen_sim::Clock::new("2026-02-03T09:00:00Z".parse().expect("a time"), 0.0);
        let mut config = Config { api_key: KEY.into(), seed: 42, clock, fetch_files: false, ..Config::default() };
        change(&mut config);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Server::start(listener, config).await.expect("the stand-in");
        let hands = Arc::new(Hands(AtomicI64::new(1_000_000_000)));
        let http = Http::new(Arc::new(Gates::new(hands.clone())));
        let gelato = gelato(&server, KEY, 1, &http);
        Shop { server, hands, http, gelato }
    }

    fn fault(&self, op: Op, kind: FaultKind) {
        self.server.set_fault(Fault::new(kind).on(op).times(1));
    }

    /// What a careful caller does on every attempt: look first.
    async fn place(&self, order: &OrderRequest) -> PortResult<Vec<Part>> {
        match self.gelato.find(&order.reference).await? {
            Found::Released(parts) => Ok(parts),
            Found::Drafts(drafts) => self.gelato.release(&drafts[0]).await,
            Found::Nothing => {
                let staged = self.stage(order).await?;
                self.gelato.release(&staged).await
            }
        }
    }

    async fn stage(&self, order: &OrderRequest) -> PortResult<Staged> {
        let quotes = self.gelato.quote(order).await?;
        let methods: BTreeSet<&str> = quotes.iter().map(|quote| quote.methods[0].uid.as_str()).collect();
        self.gelato.stage(order, &methods.into_iter().collect::<Vec<_>>().join(",")).await
    }

    /// Attempts until one succeeds; tells how many there were.
    async fn insist(&self, order: &OrderRequest) -> (Vec<Part>, u32) {
        for attempt in 1..10 {
            match self.place(order).await {
                Ok(parts) => return (parts, attempt),
                Err(PortError::Ambiguous(_) | PortError::Transient(_)) => {}
                Err(error) => panic!("attempt {attempt}: {error}"),
            }
        }
        panic!("never placed");
    }

    /// The number to compare with "one order".
    fn released_groups(&self) -> u64 {
        self.server.counts().released_groups
    }
}

fn gelato(server: &Server, key: &str, tenant: u128, http: &Http) -> Gelato {
    let settings = Settings { requests_per_second: 1000, burst: 10_000, ..Settings::all(&server.base_url()) };
    Gelato::new(settings, key.to_owned().into(), TenantId(uuid::Uuid::from_u128(tenant)), http)
}

fn order(reference: &str, uids: &[&str]) -> OrderRequest {
    let recipient = serde_json::json!({
        "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003", "country": "FR",
        "email": "lena@example.org",
    });
    let item = |(i, uid): (usize, &&str)| RequestItem {
        reference: format!("{reference}-{i}"),
        uid: (*uid).to_owned(),
        quantity: 2,
        files: ["default", "back"]
            .map(|area| (area.to_owned(), format!("https://files.example/p/{area}.png")))
            .to_vec(),
    };
    OrderRequest {
        reference: reference.into(),
        customer: "cus-1".into(),
        currency: "EUR".parse().expect("EUR"),
        items: uids.iter().enumerate().map(item).collect(),
        recipient: serde_json::from_value(recipient).expect("a recipient"),
        metadata: vec![("revision".into(), "b1946ac9".into())],
    }
}

fn items(parts: &[Part]) -> BTreeSet<(String, String, u32)> {
    parts
        .iter()
        .flat_map(|part| &part.items)
        .map(|item| (item.reference.clone(), item.uid.clone(), item.quantity))
        .collect()
}

#[tokio::test]
async fn an_order_goes_from_quote_to_door() {
    let shop = Shop::open().await;
    let wanted = order("ord-1", &[MUG]);
    assert_eq!(shop.gelato.find("ord-1").await, Ok(Found::Nothing));
    let quotes = shop.gelato.quote(&wanted).await.expect("a quote");
    assert_eq!((quotes.len(), quotes[0].products.minor > 0), (1, true));
    assert!(quotes[0].methods.windows(2).all(|pair| pair[0].price.minor <= pair[1].price.minor));

    let staged = shop.stage(&wanted).await.expect("a draft");
    assert_eq!(shop.gelato.find("ord-1").await, Ok(Found::Drafts(vec![staged.clone()])));
    assert_eq!(shop.released_groups(), 0, "a draft costs nothing");

    let parts = shop.gelato.release(&staged).await.expect("released");
    assert_eq!((parts.len(), parts[0].id.as_str(), parts[0].released), (1, staged.ids[0].as_str(), true));
    assert_eq!(items(&parts), [("ord-1-0".into(), MUG.into(), 2)].into());
    assert!(matches!(shop.gelato.find("ord-1").await, Ok(Found::Released(found)) if found.len() == 1));
    assert_eq!(shop.gelato.release(&staged).await.map(|parts| parts.len()), Ok(1), "once more changes nothing");

    shop.server.clock().advance(5 * DAY);
    let part = shop.gelato.get(&staged.ids[0]).await.expect("read");
    assert_eq!((part.stage, part.reference.as_str()), (Some(Stage::Delivered), "ord-1"));
    let shipment = part.shipment.expect("a shipment");
    assert_eq!(shipment.parcels.len(), 1);
    assert!(shipment.parcels[0].url.ends_with(&shipment.parcels[0].code));
    let cost = part.cost.expect("a receipt");
    assert!(cost.minor > quotes[0].products.minor + quotes[0].methods[0].price.minor, "tax included: {cost}");
    assert_eq!((shop.released_groups(), shop.server.counts().creates), (1, 1));
}

#[tokio::test]
async fn a_split_order_is_one_group_of_two_parts() {
    for together in [false, true] {
        let shop = Shop::with(|config| config.promote_connected = together).await;
        let wanted = order("ord-2", &[MUG, TEE]);
        assert_eq!(shop.gelato.quote(&wanted).await.expect("quotes").len(), 2, "one per facility");
        let staged = shop.stage(&wanted).await.expect("drafts");
        assert_eq!(staged.ids.len(), 2);
        let parts = shop.gelato.release(&staged).await.expect("released");
        assert_eq!(parts.iter().map(|part| &part.id).collect::<Vec<_>>(), staged.ids.iter().collect::<Vec<_>>());
        assert_eq!(items(&parts).len(), 2, "nothing was left behind");
        assert!(parts.iter().all(|part| part.released && part.connected.len() == 2));
        let counts = shop.server.counts();
        assert_eq!((counts.released_groups, counts.released_orders, counts.creates), (1, 2, 1));
    }
}

#[tokio::test]
async fn a_half_promoted_order_is_gone_on_with() {
    let shop = Shop::open().await;
    let staged = shop.stage(&order("ord-3", &[MUG, TEE])).await.expect("drafts");
    // As if the process had died between two promotions.
    let url = format!("{}/v4/orders/{}", shop.server.base_url(), staged.ids[1]);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let patch = client.patch(url).header("X-API-KEY", KEY).json(&serde_json::json!({"orderType": "order"}));
    assert!(patch.send().await.expect("an answer").status().is_success());
    assert!(matches!(shop.gelato.discard(&staged).await, Err(PortError::Conflict(_))), "nor is the rest thrown away");
    assert_eq!(shop.gelato.find("ord-3").await, Ok(Found::Drafts(vec![staged])));
    let (parts, _) = shop.insist(&order("ord-3", &[MUG, TEE])).await;
    assert_eq!(parts.len(), 2);
    assert!(matches!(shop.gelato.find("ord-3").await, Ok(Found::Released(parts)) if parts.len() == 2));
    assert_eq!((shop.released_groups(), shop.server.counts().creates), (1, 1));
}

#[tokio::test]
async fn a_draft_that_lost_a_part_is_neither_adopted_nor_released() {
    let shop = Shop::open().await;
    let staged = shop.stage(&order("ord-17", &[MUG, TEE])).await.expect("drafts");
    shop.gelato
        .discard(&Staged { ids: staged.ids[1..].to_vec() })
        .await
        .expect("one deleted, as by a sweeper that died");
    assert_eq!(shop.gelato.find("ord-17").await, Ok(Found::Nothing));
    assert!(matches!(shop.gelato.release(&staged).await, Err(PortError::NotFound(_))));
    assert_eq!(shop.released_groups(), 0, "half an order is not an order");
    let (parts, _) = shop.insist(&order("ord-17", &[MUG, TEE])).await;
    assert_eq!((items(&parts).len(), shop.released_groups()), (2, 1));
}

#[tokio::test]
async fn a_released_group_shows_the_part_that_failed() {
    let shop = Shop::open().await;
    shop.fault(Op::Release, FaultKind::FailUploading { comment: "No.".into() });
    shop.insist(&order("ord-18", &[MUG, TEE])).await;
    shop.server.clock().advance(Duration::from_secs(3600));
    let Ok(Found::Released(parts)) = shop.gelato.find("ord-18").await else { panic!("released") };
    assert_eq!(parts.iter().filter(|part| part.stage == Some(Stage::Failed)).count(), 1);
    assert_eq!(parts.len(), 2, "search alone would hide it");
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_prints_once() {
    let shop = Shop::open().await;
    shop.fault(Op::Create, FaultKind::DropReply);
    let (parts, attempts) = shop.insist(&order("ord-4", &[MUG, TEE])).await;
    assert_eq!((parts.len(), attempts), (2, 2));
    let counts = shop.server.counts();
    assert_eq!(
        (counts.creates, counts.released_groups, counts.drafts_live),
        (1, 1, 0),
        "the draft of the first attempt was found"
    );
}

#[tokio::test]
async fn a_create_that_search_does_not_show_yet_leaves_a_draft_and_prints_once() {
    let shop = Shop::open().await;
    shop.fault(Op::Create, FaultKind::SearchLag { virtual_seconds: 60, real_ms: 0 });
    shop.fault(Op::Create, FaultKind::DropReply);
    shop.insist(&order("ord-5", &[MUG])).await;
    shop.server.clock().advance(Duration::from_secs(61));
    let counts = shop.server.counts();
    assert_eq!((counts.creates, counts.released_groups, counts.drafts_live), (2, 1, 1));
    assert!(matches!(shop.gelato.find("ord-5").await, Ok(Found::Released(_))), "released wins over the stray draft");
}

#[tokio::test]
async fn a_release_whose_answer_is_lost_prints_once() {
    let shop = Shop::open().await;
    shop.fault(Op::Release, FaultKind::DropReply);
    let (_, attempts) = shop.insist(&order("ord-6", &[MUG, TEE])).await;
    assert_eq!((attempts, shop.released_groups()), (1, 1), "a look at the order settles it at once");

    shop.fault(Op::Release, FaultKind::DropRequest);
    let (_, attempts) = shop.insist(&order("ord-7", &[MUG])).await;
    assert_eq!(
        (attempts, shop.released_groups()),
        (2, 2),
        "a look at the order cannot rule out that it was still under way"
    );

    let staged = shop.stage(&order("ord-8", &[MUG])).await.expect("a draft");
    shop.fault(Op::Release, FaultKind::DropReply);
    shop.fault(Op::Get, FaultKind::DropRequest);
    assert!(matches!(shop.gelato.release(&staged).await, Err(PortError::Ambiguous(_))));
    shop.insist(&order("ord-8", &[MUG])).await;
    let counts = shop.server.counts();
    assert_eq!((counts.creates, counts.released_groups, counts.drafts_live), (3, 3, 0));
}

#[tokio::test]
async fn no_single_lost_call_prints_twice_or_not_at_all() {
    for (i, op) in [Op::Search, Op::Quote, Op::Create, Op::Get, Op::Release].into_iter().enumerate() {
        let status = |after| FaultKind::Status { status: 502, html: true, after };
        let kinds = [FaultKind::DropReply, FaultKind::DropRequest, status(false), status(true)];
        for (j, kind) in kinds.into_iter().enumerate() {
            let shop = Shop::open().await;
            shop.fault(op, kind);
            shop.insist(&order(&format!("ord-{i}-{j}"), &[MUG, TEE])).await;
            let counts = shop.server.counts();
            assert_eq!((counts.released_groups, counts.released_orders), (1, 2), "{op:?} {j}");
        }
    }
}

#[tokio::test]
async fn a_refusal_in_any_disguise_is_invalid() {
    let shop = Shop::open().await;
    use QuoteRefusal::{Empty, MissingItem, OutOfStockMethod, PriceZero, ReasonCode};
    for form in [ReasonCode, Empty, MissingItem, PriceZero, OutOfStockMethod] {
        shop.fault(Op::Quote, FaultKind::RefuseQuote { form });
        assert!(
            matches!(shop.gelato.quote(&order("ord-9", &[MUG, TEE])).await, Err(PortError::Invalid(_))),
            "{form:?}"
        );
    }
    shop.fault(Op::Quote, FaultKind::FallbackDelivery);
    assert!(matches!(shop.gelato.quote(&order("ord-9", &[MUG])).await, Err(PortError::Invalid(_))));
    shop.fault(Op::Create, FaultKind::FallbackDelivery);
    assert!(matches!(shop.gelato.stage(&order("ord-9", &[MUG]), "dhl_parcel").await, Err(PortError::Invalid(_))));
    assert!(matches!(
        shop.gelato.stage(&order("ord-9", &[MUG]), "api_fallback_delivery").await,
        Err(PortError::Invalid(_))
    ));
    let Err(PortError::Invalid(text)) = shop.gelato.quote(&order("ord-9", &["no_such_product"])).await else {
        panic!("refused")
    };
    assert!(text.contains("productUid") && text.contains("does not exist"), "{text}");
    let counts = shop.server.counts();
    assert_eq!((counts.drafts_live, counts.released_groups), (0, 0));
}

#[tokio::test]
async fn a_429_pauses_the_account_for_as_long_as_it_says() {
    let shop = Shop::open().await;
    shop.fault(Op::Search, FaultKind::Throttle { retry_after: Some(7) });
    let limited = PortError::Limited { after: Duration::from_secs(7) };
    assert_eq!(shop.gelato.find("ord-10").await, Err(limited.clone()));
    let requests = shop.server.counts().requests;
    assert_eq!(shop.gelato.quote(&order("ord-10", &[MUG])).await, Err(limited));
    assert_eq!(shop.server.counts().requests, requests, "no call while the account rests");
    shop.hands.0.fetch_add(7_000_000, Ordering::SeqCst);
    assert_eq!(shop.gelato.find("ord-10").await, Ok(Found::Nothing));
    shop.fault(Op::Search, FaultKind::Throttle { retry_after: None });
    assert!(matches!(shop.gelato.find("ord-10").await, Err(PortError::Limited { .. })));
}

#[tokio::test]
async fn a_burst_of_5xx_opens_the_breaker_of_this_account_only() {
    let shop = Shop::with(|config| config.further_keys = vec!["another".into()]).await;
    shop.server
        .set_fault(Fault::new(FaultKind::Status { status: 503, html: true, after: false }).on(Op::Search).times(5));
    for _ in 0..5 {
        assert!(matches!(shop.gelato.find("ord-11").await, Err(PortError::Transient(_))));
    }
    let requests = shop.server.counts().requests;
    let open = PortError::Open { after: Duration::from_secs(30) };
    assert_eq!(shop.gelato.find("ord-11").await, Err(open.clone()));
    let same = gelato(&shop.server, KEY, 1, &shop.http);
    assert_eq!(same.find("ord-11").await, Err(open), "whoever opens it");
    assert_eq!(shop.server.counts().requests, requests);
    assert_eq!(gelato(&shop.server, "another", 2, &shop.http).find("ord-11").await, Ok(Found::Nothing));
    shop.hands.0.fetch_add(30_000_000, Ordering::SeqCst);
    assert_eq!(shop.gelato.find("ord-11").await, Ok(Found::Nothing), "the probe closes it");
    assert_eq!(shop.gelato.find("ord-11").await, Ok(Found::Nothing));
}

#[tokio::test]
async fn refusals_do_not_open_the_breaker_and_say_what_they_are() {
    let shop = Shop::open().await;
    let stranger = gelato(&shop.server, "wrong", 9, &shop.http);
    for _ in 0..8 {
        assert!(matches!(stranger.find("ord-12").await, Err(PortError::Auth(text)) if !text.contains("wrong")));
        assert!(matches!(shop.gelato.get("no-such-order").await, Err(PortError::NotFound(_))));
    }
    shop.fault(Op::Search, FaultKind::Redirect { location: "http://127.0.0.1:1/".into() });
    assert!(matches!(shop.gelato.find("ord-12").await, Err(PortError::Transient(_))));
    shop.stage(&order("ord-12", &[MUG])).await.expect("a draft");
    shop.fault(Op::Create, FaultKind::Reference { policy: ReferencePolicy::Conflict });
    assert!(matches!(shop.stage(&order("ord-12", &[MUG])).await, Err(PortError::Conflict(_))));
}

#[tokio::test]
async fn cancelling_and_discarding_can_be_repeated() {
    let shop = Shop::open().await;
    let (parts, _) = shop.insist(&order("ord-13", &[MUG])).await;
    shop.fault(Op::Cancel, FaultKind::DropReply);
    assert_eq!(shop.gelato.cancel(&parts[0].id).await, Ok(Cancelled::Done), "a look tells that it worked");
    assert_eq!(shop.gelato.cancel(&parts[0].id).await, Ok(Cancelled::Done));
    assert_eq!(shop.gelato.find("ord-13").await, Ok(Found::Nothing), "a cancelled order does not count");
    let part = shop.gelato.get(&parts[0].id).await.expect("read");
    assert_eq!((part.stage, part.cost.map(|cost| cost.minor)), (Some(Stage::Canceled), Some(0)), "refunded");

    let (parts, _) = shop.insist(&order("ord-14", &[MUG])).await;
    shop.server.clock().advance(2 * DAY);
    assert_eq!(shop.gelato.cancel(&parts[0].id).await, Ok(Cancelled::TooLate));
    assert!(matches!(
        shop.gelato.discard(&Staged { ids: vec![parts[0].id.clone()] }).await,
        Err(PortError::Conflict(_))
    ));

    let staged = shop.stage(&order("ord-15", &[MUG, TEE])).await.expect("drafts");
    assert!(
        matches!(shop.gelato.cancel(&staged.ids[0]).await, Err(PortError::Conflict(_))),
        "a draft is discarded, not cancelled"
    );
    for _ in 0..2 {
        shop.fault(Op::Delete, FaultKind::DropReply);
        assert_eq!(shop.gelato.discard(&staged).await, Ok(()));
    }
    assert!(matches!(shop.gelato.release(&staged).await, Err(PortError::NotFound(_))));
    assert_eq!(shop.server.counts().drafts_live, 0);
}

#[tokio::test]
async fn failures_and_unknown_words_are_told_as_they_are() {
    let shop = Shop::open().await;
    shop.fault(Op::Release, FaultKind::FailUploading { comment: "The print file could not be processed.".into() });
    let (parts, _) = shop.insist(&order("ord-16", &[MUG])).await;
    shop.server.clock().advance(Duration::from_secs(3600));
    let part = shop.gelato.get(&parts[0].id).await.expect("read");
    assert_eq!(
        (part.stage, part.refusal.as_deref()),
        (Some(Stage::Failed), Some("The print file could not be processed."))
    );
    assert_eq!(shop.gelato.find("ord-16").await, Ok(Found::Nothing), "a fixed order is a new one");
    shop.fault(Op::Get, FaultKind::UnknownStatus { value: "teleporting".into() });
    let part = shop.gelato.get(&parts[0].id).await.expect("read");
    assert_eq!((part.stage, part.status.as_str()), (None, "teleporting"));
}

#[tokio::test]
async fn the_catalogue_comes_page_by_page_and_every_product_once() {
    let shop = Shop::open().await;
    let euro = "EUR".parse().expect("EUR");
    let (mut uids, mut all, mut cursor) = (BTreeSet::new(), 0, None);
    loop {
        let page = shop.gelato.catalogue_page(cursor.as_deref(), euro).await.expect("a page");
        assert!(page.items.len() <= 100);
        for item in page.items {
            all += 1;
            let paged = item.raw["validPageCounts"].is_array();
            assert_eq!(item.cost.is_some_and(|cost| cost.minor > 0), !paged, "{}", item.uid);
            assert!(item.stock != "unknown" && !item.title.is_empty() && !item.attributes.is_empty(), "{}", item.uid);
            uids.insert(item.uid);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(all >= 340, "{all} products");
    assert_eq!(uids.len(), all, "each once");
    assert!(uids.contains(MUG) && uids.contains(TEE));
    let later = shop.gelato.catalogue_page(Some("zzz|700"), euro).await.expect("an end");
    assert_eq!((later.items.len(), later.next), (0, None), "a catalogue that is gone, and none after it");
    let gone = shop.gelato.catalogue_page(Some("a-catalogue-that-is-gone|700"), euro).await.expect("a page");
    assert!(!gone.items.is_empty(), "goes on with the one after it, at its beginning");
    assert!(matches!(shop.gelato.catalogue_page(Some("nonsense"), euro).await, Err(PortError::Invalid(_))));
}
