//! `platen money` on the real binary: what an accountant reads, and what happens when somebody meddled with the rows.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/shell.rs"]
mod shell;

use platen_shared::db::At;
use platen_shared::domain::account::Account;
use platen_shared::domain::money::Money;
use platen_shared::domain::transaction::Transaction;
use platen_shared::id::{PayoutId, TenantId};
use platen_shared::store::journal::{self, Header};
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::store::{books, parties};
use platen_shared::testing::{TestDb, databases};

use cli::{platen, said};

/// 2025-06-15T15:06:40Z.
const NOW: At = At(1_750_000_000_000_000);

fn on(test: &TestDb, words: &[&str]) -> (i32, String, String) {
    let mut command = platen(words);
    said(&command.env("DATABASE_URL", &test.url).output().expect("platen starts"))
}

/// What a command that must succeed wrote.
fn told(test: &TestDb, words: &[&str]) -> String {
    let (code, out, err) = on(test, words);
    assert_eq!(code, 0, "{words:?}: {out}{err}");
    out
}

/// A tenant whose creator `ada` earned 18.00 and whose books are closed.
async fn books_of(test: &TestDb) -> TenantId {
    let tenant = Tenant {
        id: TenantId::new(),
        name: "shop".into(),
        currency: "EUR".parse().expect("EUR"),
        platform_fee_bps: 0,
        test_mode: false,
        frozen: false,
        auto_submit: false,
        spending_cap_minor: None,
        weight: 1,
        created_at: NOW,
    };
    let money = |minor| Money { minor, currency: tenant.currency };
    let earned = Transaction::new()
        .moving(Account::Cash, Account::Creator("ada".into()), money(1800))
        .and_then(|moved| moved.moving(Account::Cash, Account::Tax, money(800)))
        .expect("in range");
    let mut tx = test.db.begin("test").await.expect("a transaction");
    tenants::create(&mut tx, &tenant).await.expect("made");
    parties::introduce(&mut tx, NOW, tenant.id, ["ada"]).await.expect("introduced");
    let header = Header::new(tenant.id, PayoutId::new(), "payout_failed");
    journal::post(&mut tx, NOW, &header, &earned).await.expect("posted").expect("an entry");
    books::close(&mut tx, tenant.id, NOW.day() + 1).await.expect("closed");
    tx.commit().await.expect("committed");
    tenant.id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accountant_reads_the_books_and_meddling_is_found() {
    for test in databases().await {
        assert!(told(&test, &["money", "check"]).contains("no tenant yet"));
        let (code, _, err) = on(&test, &["money", "trial"]);
        assert!(code == 1 && err.contains("there is no tenant yet"), "{err}");
        let tenant = books_of(&test).await.to_string();
        assert!(told(&test, &["money", "check"]).contains("3 balances, every one as its lines say"));
        let trial = told(&test, &["money", "trial", "--tenant", "shop"]);
        assert!(trial.contains("creator:ada") && trial.contains("18.00 EUR") && trial.contains("0.00 EUR"), "{trial}");
        let before = told(&test, &["money", "balance", "ada", "--at", "2025-06-15T15:06:39Z"]);
        assert_eq!(before, "Nothing is held.\n");
        assert!(told(&test, &["money", "balance", "ada", "--tenant", &tenant]).contains("18.00 EUR"));
        let (code, _, err) = on(&test, &["money", "balance", "nobody"]);
        assert!(code == 1 && err.contains("no such party"), "{err}");
        assert_eq!(on(&test, &["money", "statement", "ada", "june"]).0, 2, "not understood");
        assert!(told(&test, &["money", "statement", "ada", "2025-06"]).ends_with(",closing,,,,18.00,EUR\n"));
        let folder = tempfile::tempdir().expect("a folder");
        let paper = folder.path().join("ada.pdf");
        let words = ["money", "statement", "ada", "2025-06", "--format", "pdf", "--language", "fr", "-o"];
        told(&test, &[&words[..], &[paper.to_str().expect("a path")]].concat());
        assert!(std::fs::read(&paper).expect("a paper").starts_with(b"%PDF-"));
        assert!(told(&test, &["money", "margin", "2025-06"]).contains("Nothing moved"), "payouts are no sales");
        assert!(told(&test, &["money", "payouts"]).contains("no batch of payouts yet"));
        assert!(told(&test, &["money", "close"]).contains("The books are closed up to"));
        test.tamper("UPDATE journal_days SET moved_minor = moved_minor + 1 WHERE account = 'tax'")
            .await
            .expect("meddled");
        let (code, out, _) = on(&test, &["money", "check"]);
        assert!(code == 1 && out.contains("tax holds 800 EUR by its lines, and 801 by the trial balance"), "{out}");
        test.drop_it().await;
    }
}
