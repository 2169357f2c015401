//! What a design can be rendered as. A profile's name is part of the artefact's key: same design, same profile, same files.

use std::str::FromStr;

#[cfg(feature = "full")]
use crate::output::{files, mockup, model, preview, proof};
#[cfg(feature = "full")]
use crate::{Assets, File, PressError, Spec, threads};

/// Longest side of a preview.
#[cfg(feature = "full")]
const PREVIEW_PX: u32 = 1600;

/// The language a proof sheet or a paper is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
}

impl FromStr for Language {
    type Err = ();

    /// Of its code in ISO 639-1.
    fn from_str(code: &str) -> Result<Language, ()> {
        match code {
            "en" => Ok(Language::En),
            "fr" => Ok(Language::Fr),
            _ => Err(()),
        }
    }
}

/// What a design is rendered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// All zones flat on one sheet: `preview.png`, `preview.webp`.
    Preview,
    /// The design on the product: `mockup.png`, `mockup.webp`.
    Mockup,
    /// Every zone at 300 dpi with its bleed, as it is printed: `<zone>.png`.
    Final,
    /// What a customer approves: `proof.png`, `proof.pdf`.
    Proof(Language),
    /// The product in three dimensions: `model.glb`, `model.usdz` where its kind has them, and always `mockup.png`.
    Model,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 6] = [
        Profile::Preview,
        Profile::Mockup,
        Profile::Final,
        Profile::Proof(Language::En),
        Profile::Proof(Language::Fr),
        Profile::Model,
    ];

    /// Its name in requests, payloads and keys.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Preview => "preview",
            Profile::Mockup => "mockup",
            Profile::Final => "final",
            Profile::Proof(Language::En) => "proof",
            Profile::Proof(Language::Fr) => "proof-fr",
            Profile::Model => "model",
        }
    }

    /// The profile of a name.
    pub fn named(name: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.name() == name)
    }
}

/// Renders a design. The first file is a picture that shows it, the last one `thumbnail.png`, 200 by 200 pixels.
#[cfg(feature = "full")]
pub fn render(spec: &Spec, assets: &Assets, profile: Profile) -> Result<Vec<File>, PressError> {
    let file = |path: &str, media_type, bytes| File { path: path.to_owned(), media_type, bytes };
    let (png, webp) = ("image/png", "image/webp");
    let mut out = Vec::new();
    let thumbnail = match profile {
        Profile::Preview => {
            let pixels = preview::preview_pixels(spec, assets, PREVIEW_PX)?;
            // Compressing the second takes as long as all else together.
            let made = threads::all(3, |n| match n {
                0 => pixels.webp(),
                1 => pixels.png(),
                _ => preview::thumbnail(spec, assets),
            })?;
            let [second, first, small] = made.try_into().map_err(|_| PressError::Defect("three files were made"))?;
            out.extend([file("preview.png", png, first), file("preview.webp", webp, second)]);
            small
        }
        Profile::Final => {
            out.extend(files::print_pngs(spec, assets)?);
            preview::thumbnail(spec, assets)?
        }
        Profile::Mockup => {
            let picture = mockup::mockup(spec, assets)?;
            out.extend([file("mockup.png", png, picture.png()?), file("mockup.webp", webp, picture.webp()?)]);
            picture.thumbnail()?
        }
        Profile::Proof(language) => {
            let proof = proof::proof(spec, assets, language)?;
            out.extend([file("proof.png", png, proof.png), file("proof.pdf", "application/pdf", proof.pdf)]);
            proof.thumbnail
        }
        Profile::Model => {
            let picture = mockup::mockup(spec, assets)?;
            out.push(file("mockup.png", png, picture.png()?));
            out.extend(model::models(spec, assets)?);
            picture.thumbnail()?
        }
    };
    out.push(file("thumbnail.png", png, thumbnail));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::Profile;

    #[test]
    fn a_profile_is_found_by_its_name() {
        assert!(Profile::ALL.into_iter().all(|profile| Profile::named(profile.name()) == Some(profile)));
        assert_eq!(Profile::named("Preview"), None);
    }
}
