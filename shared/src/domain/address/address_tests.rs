use super::*;

fn lena() -> Recipient {
    serde_json::from_value(serde_json::json!({
        "firstName": " Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003", "country": "FR",
        "email": "Lena@Example.org "
    }))
    .expect("a recipient")
}

fn wrong(recipient: &Recipient) -> Vec<String> {
    recipient.problems(Limits::of("gelato")).into_iter().map(|p| format!("{} {}", p.pointer, p.code)).collect()
}

#[test]
fn a_good_address_is_trimmed_and_accepted() {
    let lena = lena().normalised();
    assert_eq!((lena.first_name.as_str(), lena.email.as_str()), ("Lena", "lena@example.org"));
    assert_eq!(wrong(&lena), [""; 0]);
}

#[test]
fn each_limit_names_its_field() {
    type Spoil = fn(&mut Recipient);
    let cases: [(&str, Spoil); 13] = [
        ("/addressLine1 too-long", |r| r.address_line1 = "x".repeat(36)),
        ("/firstName required", |r| r.first_name = String::new()),
        ("/city control", |r| r.city = "a\u{7}".into()),
        ("/postCode required", |r| r.post_code = String::new()),
        ("/country country", |r| r.country = "fr".into()),
        ("/country country", |r| r.country = "ZZ".into()),
        ("/country not-served", |r| r.country = "IM".into()),
        ("/email email", |r| r.email = "lena@example".into()),
        ("/phone too-long", |r| r.phone = "1".repeat(26)),
        ("/city placeholder", |r| r.city = "undefined".into()),
        ("/firstName placeholder", |r| r.first_name = "???".into()),
        ("/lastName script", |r| r.last_name = "כהן".into()),
        ("/registrationStateCode too-long", |r| r.registration_state_code = "SAO".into()),
    ];
    for (said, spoil) in cases {
        let mut recipient = lena().normalised();
        spoil(&mut recipient);
        assert_eq!(wrong(&recipient), [said], "one problem, at the spoiled field");
    }
}

/// (country, post code, state) of addresses that are right, and what is said of those that are not.
#[test]
fn each_country_has_its_own_rules() {
    for (country, code, state, said) in [
        ("US", "90210", "CA", ""),
        ("US", "90210-1234", "NY", ""),
        ("US", "9021", "CA", "/postCode post-code"),
        ("US", "90210", "", "/state required"),
        ("US", "90210", "California", "/state state"),
        ("CA", "K1A 0B1", "ON", ""),
        ("CA", "k1a0b1", "QC", ""),
        ("AU", "2000", "NSW", ""),
        ("AU", "2000", "NY", "/state state"),
        ("GB", "SW1A 1AA", "", ""),
        ("GB", "M11AE", "", ""),
        ("GB", "12345", "", "/postCode post-code"),
        ("NL", "1234AB", "", ""),
        ("SE", "11455", "", ""),
        ("PL", "00-950", "", ""),
        ("PT", "1000", "", "/postCode post-code"),
        ("IE", "", "", ""),
        ("HK", "", "", ""),
        ("IS", "101", "", ""),
        ("DE", "ABCDE", "", "/postCode post-code"),
    ] {
        let to =
            Recipient { country: country.into(), post_code: code.into(), state: state.into(), ..lena().normalised() };
        assert_eq!(wrong(&to).join(" "), said, "{country} {code} {state}");
    }
}

#[test]
fn brazil_wants_tax_numbers_and_four_countries_their_own_script() {
    let brazil = Recipient { country: "BR".into(), post_code: "01310-100".into(), ..lena().normalised() };
    assert_eq!(wrong(&brazil), ["/federalTaxId required"]);
    let person = Recipient { federal_tax_id: "111.444.777-35".into(), ..brazil.clone() };
    assert_eq!(wrong(&person), [""; 0]);
    let company = Recipient { is_business: true, ..person };
    let all = ["/federalTaxId required", "/stateTaxId required", "/registrationStateCode required"];
    assert_eq!(wrong(&company), all);
    for (country, code, line, said) in [
        ("JP", "100-0001", "千代田区千代田1-1", ""),
        ("JP", "100-0001", "Chiyoda 1-1, Tokyo Tower", "/addressLine1 script"),
        ("KR", "03187", "세종대로 209", ""),
        ("CN", "100000", "长安街1号 Block B", ""),
        ("RU", "101000", "ул. Ленина, 1", ""),
        ("RU", "101000", "ul. Lenina 1", "/addressLine1 script"),
    ] {
        let to = Recipient {
            country: country.into(),
            post_code: code.into(),
            address_line1: line.into(),
            ..lena().normalised()
        };
        assert_eq!(wrong(&to).join(" "), said, "{country} {line}");
    }
}
