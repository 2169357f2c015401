//! What the rows of the front are for other processes: sealed credentials, tenants to choose from, replies that go away.

use std::time::Duration;

use platen_shared::id::TenantId;
use platen_shared::secrets::Keyring;
use platen_shared::store::{connections, idempotency, tenants};
use serde_json::json;

use crate::kit::{Kit, both, each};

#[tokio::test]
async fn a_credential_opens_for_its_own_tenant_and_provider_only() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Sealed").await;
        let (own, other) = (seed.tenant.id.parse().expect("a tenant"), TenantId::new());
        let row = connections::get(&mut kit.db.reader(), own, "gelato").await.expect("asked").expect("a connection");
        let keyring: &Keyring = kit.links.keyring();
        assert_eq!(
            keyring.open(&row.credential, &connections::bound(own, "gelato")).expect("opens"),
            "gelato-key-of-Sealed"
        );
        assert!(keyring.open(&row.credential, &connections::bound(other, "gelato")).is_err());
        assert!(connections::get(&mut kit.db.reader(), other, "gelato").await.expect("asked").is_none());
        let all = tenants::list(&mut kit.db.reader()).await.expect("a list");
        assert_eq!(all.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["Sealed"]);
    })
    .await;
}

#[tokio::test]
async fn kept_replies_go_away_after_a_day() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Forgetful").await;
        let body = json!({ "name": "till", "scopes": ["read"] });
        kit.send("POST", "/v1/keys", &tenant.key, &[("idempotency-key", "k")], &body).await.ok(201);
        for (later, kept) in [(Duration::from_secs(23 * 3600), 1), (Duration::from_secs(2 * 3600), 0)] {
            kit.clock.advance(later);
            let mut tx = kit.db.begin("test").await.expect("a transaction");
            idempotency::sweep(&mut tx, kit.ledger.now()).await.expect("swept");
            tx.commit().await.expect("committed");
            let (count,): (i64,) = kit.db.query(both("SELECT count(*) FROM idempotency")).one().await.expect("a count");
            assert_eq!(count, kept);
        }
    })
    .await;
}
