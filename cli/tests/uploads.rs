//! SVG goes through a process of its own, and that process cannot harm anybody: limits of time and memory hold, and nothing outside is reached.

#[path = "support/api.rs"]
mod api;
#[path = "support/shell.rs"]
mod shell;

use std::path::Path;

use bytes::Bytes;
use platen_shared::flatten::{FlattenError, Flattener};
use platen_shared::testing::TestDb;
use reqwest::Method;
use serde_json::{Value, json};

use api::ROOT;

const HEAD: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' viewBox='0 0 400 400'>";

fn flattener() -> Flattener {
    Flattener::new(Path::new(env!("CARGO_BIN_EXE_platen")))
}

async fn flatten(body: &str) -> Result<Bytes, FlattenError> {
    flattener().flatten(format!("{HEAD}{body}</svg>").into()).await
}

/// Files that know no end, each in its own way, and those that only look like it.
fn costly() -> Vec<(&'static str, String)> {
    let many = |n: usize, what: &str| what.repeat(n);
    let masks: String = (0..60)
        .map(|n| {
            format!(
                "<mask id='m{n}' {}><rect width='400' height='400' fill='#fff'/></mask>",
                if n > 0 { format!("mask='url(#m{})'", n - 1) } else { String::new() }
            )
        })
        .collect();
    let uses: String = (1..20)
        .map(|n| format!("<g id='g{n}'>{}</g>", format!("<use xlink:href='#g{}'/>", n - 1).repeat(20)))
        .collect();
    let points: String = (0..90_000_u64).map(|n| format!("L{} {} ", n * 7919 % 400, n * 104_729 % 400)).collect();
    vec![
        ("20,000 full pages of paint", many(19_900, "<circle cx='200' cy='200' r='300' opacity='.5'/>")),
        ("60 masks of masks", format!("{masks}<rect width='400' height='400' mask='url(#m59)'/>")),
        ("uses of uses", format!("<defs><g id='g0'><rect width='1' height='1'/></g>{uses}</defs><use xlink:href='#g19'/>")),
        ("a use of itself", "<g id='a'><use xlink:href='#a'/></g>".to_owned()),
        ("a stroke of 90,000 segments", format!("<path d='M0 0{points}' fill='none' stroke='#000' stroke-width='9' stroke-dasharray='.01 .02'/>")),
        ("a pattern finer than dust", "<defs><pattern id='p' width='.0001' height='.0001' patternUnits='userSpaceOnUse'><rect width='1' height='1'/></pattern></defs><rect width='400' height='400' fill='url(#p)'/>".to_owned()),
        ("numbers beyond numbers", "<g transform='scale(1e38) rotate(1e38)'><rect width='1e38' height='NaN'/></g><rect width='9' height='9'/>".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_costs_ends_within_the_limits() {
    for (name, svg) in costly() {
        match flatten(&svg).await {
            Ok(png) => assert!(png.starts_with(b"\x89PNG"), "{name}"),
            Err(FlattenError::Refused(sentence)) => {
                assert!(sentence.ends_with('.') && sentence.len() > 20, "{name}: {sentence}")
            }
            Err(FlattenError::Failed(cause)) => panic!("{name}: {cause}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_inside_is_looked_at_before_it_is_decoded() {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    // A header that claims 30,000 by 30,000 pixels.
    let mut bomb = include_bytes!("../../fixtures/demo/star.png").to_vec();
    bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let image = |bytes: &[u8], kind: &str| {
        format!("<image width='400' height='400' xlink:href='data:image/{kind};base64,{}'/>", encode(bytes))
    };
    let refused = flatten(&image(&bomb, "png")).await.expect_err("it is refused");
    assert!(matches!(&refused, FlattenError::Refused(sentence) if sentence.contains("nothing")), "{refused}");
    let star = flatten(&image(include_bytes!("../../fixtures/demo/star.png"), "png")).await;
    assert!(star.is_ok(), "{star:?}");
    let nested = image(format!("{HEAD}<rect width='9' height='9'/></svg>").as_bytes(), "svg+xml");
    assert!(flatten(&nested).await.is_err(), "an SVG inside an SVG is not opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_limits_itself_and_reads_no_more_than_it_takes() {
    let huge = vec![b' '; 3 * 1024 * 1024];
    let refused = flattener().flatten(huge.into()).await.expect_err("it is refused");
    assert!(matches!(&refused, FlattenError::Refused(sentence) if sentence.contains("2 MB")), "{refused}");
    let gone = Flattener::new(Path::new("/nonexistent/platen")).flatten(Bytes::new()).await.expect_err("it is refused");
    assert!(matches!(gone, FlattenError::Failed(_)));
}

/// The limits as the kernel knows them, while the process waits for its input.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_kernel_holds_its_limits() {
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_platen"))
        .arg("flatten-svg")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("started");
    let limits = format!("/proc/{}/limits", child.id().expect("it runs"));
    let holds = |text: &str, name: &str, most: &str| {
        text.lines().any(|line| {
            line.starts_with(name) && line[name.len()..].split_whitespace().take(2).all(|word| word == most)
        })
    };
    platen_shared::testing::until("the process to limit itself", || async {
        let text = std::fs::read_to_string(&limits).unwrap_or_default();
        holds(&text, "Max open files", "3")
            && holds(&text, "Max cpu time", "10")
            && holds(&text, "Max address space", "1073741824")
            && holds(&text, "Max file size", "0")
    })
    .await;
    child.kill().await.expect("killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_svg_is_uploaded_as_artwork_and_stored_as_pixels() {
    let test = TestDb::sqlite().await;
    let folder = tempfile::tempdir().expect("a folder");
    let api = api::start(&test.url, folder.path(), &[]).await;
    let http = api::client();
    let tenant = json!({ "name": "Artist", "currency": "EUR", "platformFeeBps": 0 });
    let made = api::call(&http, ROOT, Method::POST, &format!("{}/v1/tenants", api.url), "tenant", &tenant).await;
    let made = made.expect("an answer").1;
    let key = made["key"]["secret"].as_str().expect("a key").to_owned();
    let send = |body: String| {
        let request = http.post(format!("{}/v1/uploads?profile=artwork", api.url)).bearer_auth(&key);
        async move {
            let answer = request.header("Content-Type", "image/svg+xml").body(body).send().await.expect("an answer");
            let status = answer.status().as_u16();
            (status, serde_json::from_str::<Value>(&answer.text().await.expect("text")).expect("JSON"))
        }
    };
    let drawing = format!("{HEAD}<circle cx='200' cy='200' r='90' fill='#2a9d8f'/></svg>");
    let (status, upload) = send(drawing.clone()).await;
    assert_eq!((status, &upload["mediaType"], &upload["width"]), (201, &"image/png".into(), &4096.into()), "{upload}");
    let (status, again) = send(drawing).await;
    assert_eq!((status, &again["id"]), (200, &upload["id"]), "drawn once");
    let (status, refused) = send(format!("{HEAD}<text>words</text></svg>")).await;
    assert_eq!(status, 422, "{refused}");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("outlines")), "{refused}");
    api.kill().await;
}
