//! Carriers: what may carry a parcel where, for how much.

use serde_json::{Value, json};

use super::catalog::{COUNTRIES, region};
use super::order::Method;
use crate::money::{Micros, rate};

struct Carrier {
    uid: &'static str,
    name: &'static str,
    kind: &'static str,
    regions: &'static [&'static str],
    cents: i64,
    cents_per_kg: i64,
    grams: (i64, i64),
    days: (i64, i64),
    tracked: bool,
}

const fn tracked(
    uid: &'static str,
    name: &'static str,
    kind: &'static str,
    regions: &'static [&'static str],
    money: (i64, i64),
    days: (i64, i64),
) -> Carrier {
    let (cents, cents_per_kg) = money;
    Carrier { uid, name, kind, regions, cents, cents_per_kg, grams: (0, 28_000), days, tracked: true }
}

/// The letter carries only what fits a letter box, and nobody follows it on its way.
static CARRIERS: [Carrier; 14] = [
    Carrier {
        grams: (0, 100),
        tracked: false,
        ..tracked("post_letter", "Post Letter", "normal", &["EU", "UK", "US-CA"], (190, 0), (3, 8))
    },
    tracked("dhl_parcel", "DHL Parcel", "normal", &["EU"], (460, 90), (3, 5)),
    tracked("dpd_classic", "DPD Classic", "normal", &["EU", "UK"], (510, 80), (3, 6)),
    tracked("dhl_express", "DHL Express", "express", &["EU", "UK"], (1490, 250), (1, 2)),
    tracked("royal_mail_48_tracked", "Royal Mail Tracked 48", "normal", &["UK"], (420, 95), (2, 4)),
    tracked("usps_ground_advantage", "USPS Ground Advantage", "normal", &["US-CA"], (470, 110), (3, 7)),
    tracked("ups_surepost", "UPS SurePost", "normal", &["US-CA"], (530, 100), (3, 6)),
    tracked("fed_ex_2_day", "FedEx 2Day", "express", &["US-CA"], (1690, 300), (2, 2)),
    tracked(
        "dhl_global_parcel_direct",
        "DHL Global Parcel Direct",
        "normal",
        &["OC", "AS", "SA", "ROW"],
        (790, 220),
        (6, 14),
    ),
    tracked(
        "dhl_express_worldwide",
        "DHL Express Worldwide",
        "express",
        &["OC", "AS", "SA", "ROW"],
        (2490, 540),
        (2, 5),
    ),
    tracked("australia_post_parcel", "Australia Post Parcel", "normal", &["OC"], (690, 130), (3, 7)),
    tracked("singpost_standard", "SingPost Standard", "normal", &["AS"], (560, 150), (4, 9)),
    Carrier {
        grams: (28_001, 900_000),
        ..tracked("pallet_road", "Road Freight Pallet", "pallet", &["EU", "UK", "US-CA"], (9900, 40), (4, 9))
    },
    Carrier {
        grams: (28_001, 900_000),
        ..tracked("pallet_sea", "Sea Freight Pallet", "pallet", &["OC", "AS", "SA", "ROW"], (24_900, 60), (20, 40))
    },
];

/// The methods for a parcel, cheapest first.
pub(crate) fn methods(country: &str, grams: i64, currency: &str) -> Vec<Method> {
    let region = region(country);
    let mut found: Vec<Method> = CARRIERS
        .iter()
        .filter(|c| c.regions.contains(&region) && (c.grams.0..=c.grams.1).contains(&grams))
        .map(|c| Method {
            uid: c.uid.to_owned(),
            name: c.name.to_owned(),
            kind: c.kind.to_owned(),
            price: price(c, grams, currency),
            days: c.days,
            tracked: c.tracked,
        })
        .collect();
    found.sort_by_key(|method| method.price);
    found
}

/// The method a wish means. Several, separated by commas: the cheapest match wins; none: the cheapest.
///
/// A wish that matches no carrier is not refused: like the real API it silently becomes
/// `api_fallback_delivery` at price 0.
pub(crate) fn choose(methods: &[Method], wish: Option<&str>) -> Method {
    let matches = |method: &Method, wish: &str| match wish {
        "standard" | "normal" => method.kind == "normal",
        "express" | "pallet" => method.kind == wish,
        "cheapest" | "" => true,
        uid => method.uid == uid,
    };
    let wishes: Vec<&str> = wish.unwrap_or("cheapest").split(',').map(str::trim).collect();
    methods.iter().find(|method| wishes.iter().any(|wish| matches(method, wish))).cloned().unwrap_or_else(fallback)
}

/// What an alias without a carrier becomes.
pub(crate) fn fallback() -> Method {
    Method {
        uid: "api_fallback_delivery".to_owned(),
        name: "Fallback Delivery".to_owned(),
        kind: "normal".to_owned(),
        price: Micros::ZERO,
        days: (5, 20),
        tracked: false,
    }
}

/// The body of the shipment methods call.
pub(crate) fn listing(country: Option<&str>) -> Value {
    let rows: Vec<Value> = CARRIERS
        .iter()
        .filter(|c| country.is_none_or(|country| c.regions.contains(&region(country))))
        .map(|c| {
            let countries: Vec<&str> =
                COUNTRIES.iter().copied().filter(|country| c.regions.contains(&region(country))).collect();
            json!({
                "shipmentMethodUid": c.uid, "type": c.kind, "name": c.name, "isBusiness": true,
                "isPrivate": c.kind != "pallet", "hasTracking": c.tracked, "supportedCountries": countries,
            })
        })
        .collect();
    json!({"shipmentMethods": rows})
}

fn price(carrier: &Carrier, grams: i64, currency: &str) -> Micros {
    let kilos = (grams + 999) / 1000;
    Micros::from_cents(carrier.cents + carrier.cents_per_kg * kilos)
        .scale(rate(currency).unwrap_or(1_000_000), 1_000_000)
        .chargeable(currency)
}
