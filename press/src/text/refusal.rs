//! Why a text cannot be printed, as a problem of its layer.

use crate::Problem;
use crate::problem::{Words, say};
use crate::spec::{mm, mm_fr};

/// Why a text cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Rule(&'static str, Words),
    UnknownFont,
    WrapScript,
    Missing(Vec<String>),
    DoesNotFit { needed_um: i32, least_um: i32 },
}

impl Refusal {
    /// The refusal as a problem of the spec's layer.
    pub(crate) fn problem(self, layer: usize) -> Problem {
        let at = |field: &str| format!("/layers/{layer}/{field}");
        match self {
            Self::Rule(code, words) => Problem::new(code, at("text"), words),
            Self::UnknownFont => {
                let words = say!(
                    "There is no font of this name in the catalogue.",
                    "Aucune police du catalogue ne porte ce nom."
                );
                Problem::new("unknown_font", at("font"), words)
            }
            Self::WrapScript => {
                let words = say!(
                    "Text in this script is not wrapped; use `shrink` and set its lines yourself.",
                    "Cette écriture n'est pas coupée automatiquement ; utilisez `shrink` et choisissez vous-même les lignes."
                );
                Problem::new("wrap_script", at("fit"), words)
            }
            Self::Missing(clusters) => Problem::new("missing_glyph", at("text"), missing_words(&clusters)),
            Self::DoesNotFit { needed_um, least_um } => {
                Problem::new("does_not_fit", at("text"), too_large_words(needed_um, least_um))
            }
        }
    }
}

fn too_large_words(needed_um: i32, least_um: i32) -> Words {
    if needed_um <= 0 {
        return say!("The text fits its box at no size.", "Le texte n'entre dans son cadre à aucune taille.");
    }
    let (needed, least) = (mm(needed_um), mm(least_um));
    let (needed_fr, least_fr) = (mm_fr(needed_um), mm_fr(least_um));
    Words {
        en: format!("The text fits its box at {needed} mm, below the smallest allowed size of {least} mm."),
        fr: format!(
            "Le texte entrerait dans son cadre à {needed_fr} mm, sous la taille minimale permise de {least_fr} mm."
        ),
    }
}

/// Names missing characters by code point: the reader may have no font for them either.
fn missing_words(clusters: &[String]) -> Words {
    const NAMED_MAX: usize = 5;
    let name =
        |cluster: &String| cluster.chars().map(|c| format!("U+{:04X}", u32::from(c))).collect::<Vec<_>>().join(" ");
    let named = clusters.iter().take(NAMED_MAX).map(name).collect::<Vec<String>>().join(", ");
    match clusters.len() {
        0 => say!(
            "The shipped fonts cannot draw this text.",
            "Les polices disponibles ne peuvent pas dessiner ce texte."
        ),
        n if n > NAMED_MAX => say!(
            "The shipped fonts cannot draw {named} and others.",
            "Les polices disponibles ne peuvent pas dessiner {named} et d'autres."
        ),
        _ => say!("The shipped fonts cannot draw {named}.", "Les polices disponibles ne peuvent pas dessiner {named}."),
    }
}
