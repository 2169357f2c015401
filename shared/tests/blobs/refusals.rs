//! What a store that cannot be used says about itself.

use platen_shared::ports::blobs::{BlobError, Blobs, Keys, Place};
use platen_shared::testing::s3;

async fn said(url: &str, keys: Option<&Keys>) -> String {
    let blobs = match Blobs::connect(url, keys) {
        Ok(blobs) => blobs,
        Err(error) => return error.to_string(),
    };
    blobs.probe().await.expect_err("it cannot be used").to_string()
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_or_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let sentence = said(&format!("file://{}/blobs", file.display()), None).await;
    assert!(sentence.contains(&format!("the folder {}/blobs cannot be made", file.display())), "{sentence}");
    let gone = folder.path().join("blobs");
    let blobs = Blobs::open(&format!("file://{}", gone.display())).unwrap();
    std::fs::remove_dir(&gone).unwrap();
    std::fs::write(&gone, "a file where the folder was").unwrap();
    let sentence = blobs.probe().await.unwrap_err().to_string();
    assert!(sentence.starts_with(&format!("the folder {} failed: ", gone.display())), "{sentence}");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let keys = Keys { access_key_id: "who".into(), secret_access_key: "secret".to_owned().into(), session_token: None };
    let sentence = said(&format!("s3://prints?endpoint=http://127.0.0.1:{port}"), Some(&keys)).await;
    assert!(
        sentence.starts_with(&format!("the bucket prints at http://127.0.0.1:{port} does not answer")),
        "{sentence}"
    );
}

#[tokio::test]
async fn wrong_keys_and_a_wrong_bucket_are_told_apart() {
    let Some((url, keys)) = s3() else { return };
    let Ok(Place::Bucket { endpoint: Some(endpoint), .. }) = url.parse() else { panic!("{url}") };
    for wrong in [
        Keys { access_key_id: "nobody".to_owned(), ..keys.clone() },
        Keys { secret_access_key: "guessed".to_owned().into(), ..keys.clone() },
    ] {
        let sentence = said(&url, Some(&wrong)).await;
        assert!(sentence.contains(" refuses us: check blobs.access_key_id"), "{sentence}");
        assert!(!sentence.contains("guessed"), "{sentence}");
    }
    let elsewhere = format!("s3://no-such-bucket?endpoint={endpoint}");
    let sentence = said(&elsewhere, Some(&keys)).await;
    assert!(
        sentence.contains("the bucket no-such-bucket") && sentence.contains("does not exist: make the bucket"),
        "{sentence}"
    );
    let blobs = Blobs::connect(&url, Some(&Keys { access_key_id: "nobody".to_owned(), ..keys })).unwrap();
    let read = blobs.get(platen_shared::id::TenantId::new(), &"ab".repeat(32)).await;
    assert!(matches!(read, Err(BlobError::Store(_))), "a refusal is no missing file: {read:?}");
}
