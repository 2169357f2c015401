//! What no process starts with. Every sentence says what to set.

use platen_shared::ledger::Queue;
use platen_shared::ports::blobs::Place;
use secrecy::ExposeSecret;

use super::Config;

/// Secrets shorter than this are guessable.
const SECRET_CHARS_MIN: usize = 32;

/// Notes a sentence when something does not hold.
type Must<'a> = &'a mut dyn FnMut(bool, &str);

/// All that is wrong with the settings; empty when they are sound.
pub(super) fn problems(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |holds: bool, sentence: &str| {
        if !holds {
            found.push(sentence.to_owned());
        }
    };
    stores(config, &mut must);
    front(config, &mut must);
    provider(config, &mut must);
    outgoing(config, &mut must);
    work(config, &mut must);
    process(config, &mut must);
    found.extend(config.schedules.iter().flat_map(|(name, schedule)| schedule.problems(name, config)));
    found
}

fn stores(config: &Config, must: Must<'_>) {
    let database = &config.database.url;
    must(
        database.starts_with("sqlite:") || database.starts_with("postgres://") || database.starts_with("postgresql://"),
        "database.url must begin with sqlite:// or postgres://",
    );
    must((1..=1000).contains(&config.database.connections), "database.connections must be between 1 and 1000");
    if let Err(sentence) = config.blobs.url.parse::<Place>() {
        must(false, &sentence);
    }
    let keys = (config.blobs.access_key_id.is_empty(), config.blobs.secret_access_key.expose_secret().is_empty());
    must(keys.0 == keys.1, "blobs.access_key_id and blobs.secret_access_key go together: set both, or neither");
}

fn front(config: &Config, must: Must<'_>) {
    must(!config.http.host.is_empty(), "http.host must be an address to listen on");
    must(is_web(&config.http.public_url, true), "http.public_url must begin with http:// or https://");
    must(config.http.body_bytes_max >= 1024, "http.body_bytes_max must be at least 1024");
    must(config.http.upload_bytes_max >= 1024, "http.upload_bytes_max must be at least 1024");
    must(config.http.artwork_bytes_max >= 1024, "http.artwork_bytes_max must be at least 1024");
    must(config.http.requests_per_second_per_key >= 1, "http.requests_per_second_per_key must be at least 1");
    must(
        config.http.cors_origins.iter().all(|origin| is_web(origin, false)),
        "http.cors_origins must be addresses such as https://shop.example",
    );
    for (name, secret) in [
        ("secrets.key", &config.secrets.key),
        ("secrets.other_key", &config.secrets.other_key),
        ("api.root_key", &config.api.root_key),
    ] {
        let n = secret.expose_secret().chars().count();
        must(
            n == 0 || n >= SECRET_CHARS_MIN,
            &format!("{name} must have at least {SECRET_CHARS_MIN} characters; `openssl rand -hex 32` makes one"),
        );
    }
}

fn provider(config: &Config, must: Must<'_>) {
    let g = &config.gelato;
    must(is_web(&g.url, true), "gelato.url must begin with http:// or https://");
    let four = [&g.order_url, &g.product_url, &g.shipment_url, &g.ecommerce_url];
    must(four.iter().all(|url| is_web(url, false)), "the four gelato addresses must begin with http:// or https://");
    must(g.requests_per_second >= 1 && g.burst >= 1, "gelato.requests_per_second and gelato.burst must be at least 1");
    must(
        g.price_country.len() == 2 && g.price_country.bytes().all(|b| b.is_ascii_uppercase()),
        "gelato.price_country must be two capital letters of ISO 3166-1",
    );
    must(
        g.price_countries.iter().all(|country| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase())),
        "gelato.price_countries must be countries of two capital letters, of ISO 3166-1",
    );
}

fn outgoing(config: &Config, must: Must<'_>) {
    if let Err(sentence) = config.smtp() {
        must(false, &sentence);
    }
    if let Err(sentence) = config.doors() {
        must(false, &sentence);
    }
}

fn work(config: &Config, must: Must<'_>) {
    for word in &config.worker.queues {
        if let Err(sentence) = word.parse::<Queue>() {
            must(false, &format!("worker.queues: {sentence}"));
        }
    }
    let redis = config.redis.url.expose_secret();
    must(
        redis.is_empty() || redis.starts_with("redis://") || redis.starts_with("rediss://"),
        "redis.url must begin with redis:// or rediss:// (TLS), or be empty",
    );
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
    must(
        !config.redis.prefix.is_empty() && config.redis.prefix.chars().all(plain),
        "redis.prefix must be letters, digits, - and _",
    );
    for (name, value) in &config.lanes {
        let most = if name.ends_with("_timeout_s") { 86_400 } else { 1000 };
        must((1..=most).contains(value), &format!("lanes.{name} must be between 1 and {most}"));
    }
    must(["auto", "ledger"].contains(&config.worker.dispatch.as_str()), "worker.dispatch must be auto or ledger");
    must((1..=10_000).contains(&config.worker.concurrency), "worker.concurrency must be between 1 and 10000");
    must(config.worker.drain_s <= 3600, "worker.drain_s must be at most 3600");
    must(
        (1..=36_500).contains(&config.worker.keep_history_days),
        "worker.keep_history_days must be between 1 and 36500",
    );
    must(
        config.worker.metrics_addr.is_empty() || config.worker.metrics_addr.parse::<std::net::SocketAddr>().is_ok(),
        "worker.metrics_addr must be an address and a port such as 0.0.0.0:9090, or empty",
    );
}

fn process(config: &Config, must: Must<'_>) {
    must((1..=1_000_000).contains(&config.clock.speed), "clock.speed must be between 1 and 1000000");
    let anchored = config.clock.anchor.parse::<jiff::Timestamp>().is_ok();
    must(config.clock.anchor.is_empty() || anchored, "clock.anchor must be a moment such as 2026-01-31T08:00:00Z");
    must(config.clock.speed == 1 || anchored, "clock.anchor must be set when clock.speed is above 1");
    must(["json", "text"].contains(&config.log.format.as_str()), "log.format must be json or text");
    must(
        config.log.level.parse::<tracing_subscriber::EnvFilter>().is_ok(),
        "log.level must be error, warn, info, debug, trace, or a filter such as info,platen_worker=debug",
    );
}

fn is_web(url: &str, may_be_empty: bool) -> bool {
    (may_be_empty && url.is_empty()) || url.starts_with("https://") || url.starts_with("http://")
}
