//! Every letter, in both languages, in every turn.

use super::*;
use crate::db::At;
use crate::domain::carrier::PROVIDERS;

fn own(name: &str, subject: &str, body: &str, html: Option<&str>) -> Template {
    Template {
        name: name.into(),
        language: "en".into(),
        subject: subject.into(),
        body: body.into(),
        html: html.map(str::to_owned),
        updated_at: At(0),
    }
}

#[test]
fn every_topic_has_a_letter_for_each_of_its_audiences() {
    use crate::domain::notice::Audience;
    for topic in Topic::ALL {
        for audience in topic.audiences() {
            let to = match audience {
                Audience::Customer => recipient::CUSTOMER,
                Audience::Operator => recipient::OPERATOR,
                Audience::Creators => "party:ada",
            };
            let name = name(*topic, to);
            assert!(names().any(|known| known == name), "{name}");
        }
    }
}

#[test]
fn every_letter_runs_in_both_languages_and_names_no_printer() {
    for name in names() {
        for context in sample(name) {
            let [en, fr] = LANGUAGES.map(|language| write(name, language, None, &context).expect(name));
            assert_ne!(en.text, fr.text, "{name} is translated");
            for letter in [en, fr] {
                assert!(!letter.subject.is_empty() && letter.subject.len() < 150, "{}", letter.subject);
                let all = format!("{} {} {}", letter.subject, letter.text, letter.html).to_lowercase();
                for provider in PROVIDERS {
                    assert!(!all.contains(provider), "{name} names {provider}");
                }
                assert!(!all.contains("{{") && !all.contains("{%"), "{name}");
            }
        }
    }
}

#[test]
fn what_people_wrote_is_escaped_in_html_and_addresses_become_links() {
    let letter = write("shipping_update", "fr", None, &sample("shipping_update")[0]).expect("a letter");
    assert!(
        letter.html.contains("<a href=\"https:&#x2f;&#x2f;www.ups.com&#x2f;track?tracknum=1Z5R89390357567127\">"),
        "{}",
        letter.html
    );
    let letter = write("order_confirmed", "en", None, &sample("order_confirmed")[0]).expect("a letter");
    assert!(letter.text.contains("2 x Mug <3") && letter.html.contains("2 x Mug &lt;3"), "{}", letter.html);
}

#[test]
fn own_words_take_the_place_of_ours() {
    let own = own(
        "order_confirmed",
        "Hi\n {{ recipient.name|upper }}",
        "Order {{ order.number }}",
        Some("<b>{{ order.items[0].title }}</b>"),
    );
    let letter = check(&own).expect("good words");
    assert_eq!(
        letter,
        Letter { subject: "Hi ZOË".into(), text: "Order P-7Q2M\n".into(), html: "<b>Mug &lt;3</b>".into() }
    );
}

#[test]
fn own_words_are_held_to_their_bounds() {
    for (body, why) in [
        ("{{ recipient.nmae }}", "undefined"),
        ("{% for a in order.items %}", "line 1"),
        ("{% include 'x' %}", "line 1"),
        ("{{ range(10) }}", "unknown function"),
        ("{% for a in 'xxxxxxxxxx' * 1000 %}{% for b in 'xxxxxxxxxx' * 1000 %}{{ a }}{% endfor %}{% endfor %}", "fuel"),
        ("{{ 'x' * 70000 }}", ""),
        ("{{ 'x' * 9999999999 }}", ""),
    ] {
        let refused = check(&own("order_confirmed", "s", body, None)).expect_err(body);
        assert!(refused.to_string().contains(why), "{body}: {refused}");
    }
    assert!(check(&own("no_such_letter", "s", "b", None)).is_err());
}
