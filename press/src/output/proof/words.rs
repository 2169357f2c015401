//! What a proof sheet says, in English and in French.

use crate::Language;

/// The words of one language.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) ask: &'static str,
    pub(super) product: &'static str,
    pub(super) template: &'static str,
    pub(super) design: &'static str,
    pub(super) trim: &'static str,
    pub(super) bleed: &'static str,
    pub(super) safe: &'static str,
    pub(super) cut: &'static str,
    pub(super) zone: &'static str,
    pub(super) content: &'static str,
    pub(super) font: &'static str,
    pub(super) size: &'static str,
    pub(super) color: &'static str,
    pub(super) picture: &'static str,
    pub(super) shape: &'static str,
    pub(super) outline: &'static str,
    pub(super) shadow: &'static str,
    pub(super) warnings: &'static str,
    pub(super) no_warnings: &'static str,
    pub(super) name: &'static str,
    pub(super) date: &'static str,
    pub(super) signature: &'static str,
    pub(super) page: &'static str,
    pub(super) colors_differ: &'static str,
    language: Language,
}

const ENGLISH: Words = Words {
    title: "Proof for your approval",
    ask: "Please check spelling, pictures and position: it will be printed exactly like this.",
    product: "Product",
    template: "template",
    design: "Design",
    trim: "edge of the product",
    bleed: "bleed, cut off",
    safe: "safe area",
    cut: "cut line",
    zone: "Zone",
    content: "Text, letter by letter, or picture",
    font: "Font",
    size: "Size",
    color: "Colour",
    picture: "picture",
    shape: "shape",
    outline: "outline",
    shadow: "shadow",
    warnings: "Please look at this",
    no_warnings: "Nothing stood out when this design was checked.",
    name: "Name",
    date: "Date",
    signature: "Approved, signature",
    page: "page",
    colors_differ: "Colours on a screen are brighter than in print.",
    language: Language::En,
};

const FRENCH: Words = Words {
    title: "Bon à tirer pour votre accord",
    ask: "Vérifiez l’orthographe, les images et leur position : l’impression sera exactement ainsi.",
    product: "Produit",
    template: "gabarit",
    design: "Création",
    trim: "bord du produit",
    bleed: "fond perdu, coupé",
    safe: "zone de sécurité",
    cut: "ligne de découpe",
    zone: "Zone",
    content: "Texte, lettre par lettre, ou image",
    font: "Police",
    size: "Corps",
    color: "Couleur",
    picture: "image",
    shape: "forme",
    outline: "contour",
    shadow: "ombre",
    warnings: "À regarder de près",
    no_warnings: "Rien à signaler lors du contrôle de cette création.",
    name: "Nom",
    date: "Date",
    signature: "Bon pour accord, signature",
    page: "page",
    colors_differ: "Les couleurs sont plus vives à l’écran qu’à l’impression.",
    language: Language::Fr,
};

/// The words of a language.
pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &ENGLISH,
        Language::Fr => &FRENCH,
    }
}

/// Something a customer should look at before they approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Warning {
    /// A picture has fewer dots per inch than print needs.
    LowResolution { dpi: i64 },
    /// A layer comes closer to the edge than it is safe.
    NearTheEdge,
    /// A part of a layer will be cut off.
    CutOff,
    /// Text was made smaller to fit.
    Shrunk { asked_um: i32, set_um: i32 },
    /// Letters lower than print shows well.
    Small { set_um: i32 },
}

impl Words {
    /// Micrometres as millimetres with at most one decimal.
    pub(super) fn mm(&self, um: i32) -> String {
        self.decimal((i64::from(um) + 50).div_euclid(100), "mm")
    }

    /// A type size in points.
    pub(super) fn points(&self, um: i32) -> String {
        self.decimal((i64::from(um) * 720 + 12_700) / 25_400, "pt")
    }

    fn decimal(&self, tenths: i64, unit: &str) -> String {
        let point = if self.language == Language::Fr { ',' } else { '.' };
        match (tenths / 10, tenths % 10) {
            (whole, 0) => format!("{whole} {unit}"),
            (whole, rest) => format!("{whole}{point}{rest} {unit}"),
        }
    }

    /// A warning as a sentence about layer `layer` (counted from 1) on a zone.
    pub(super) fn warning(&self, zone: &str, layer: usize, warning: Warning) -> String {
        let place = match self.language {
            Language::En => format!("{zone}, layer {layer}: "),
            Language::Fr => format!("{zone}, calque {layer} : "),
        };
        let sentence = match (self.language, warning) {
            (Language::En, Warning::LowResolution { dpi }) => {
                format!("the picture has {dpi} dots per inch at this size and may look blurred; 150 or more are good.")
            }
            (Language::Fr, Warning::LowResolution { dpi }) => {
                format!(
                    "l’image a {dpi} points par pouce à cette taille et peut paraître floue ; il en faut au moins 150."
                )
            }
            (Language::En, Warning::NearTheEdge) => {
                "it reaches out of the safe area; cutting may move the edge a little.".to_owned()
            }
            (Language::Fr, Warning::NearTheEdge) => {
                "l’élément sort de la zone de sécurité ; la coupe peut se décaler un peu.".to_owned()
            }
            (Language::En, Warning::CutOff) => "a part of it lies beyond the edge and will be cut off.".to_owned(),
            (Language::Fr, Warning::CutOff) => "une partie dépasse du bord et sera coupée.".to_owned(),
            (Language::En, Warning::Shrunk { asked_um, set_um }) => {
                format!("the text was made smaller to fit, from {} to {}.", self.points(asked_um), self.points(set_um))
            }
            (Language::Fr, Warning::Shrunk { asked_um, set_um }) => {
                format!("le texte a été réduit pour tenir, de {} à {}.", self.points(asked_um), self.points(set_um))
            }
            (Language::En, Warning::Small { set_um }) => {
                format!("letters of {} are hard to read in print.", self.points(set_um))
            }
            (Language::Fr, Warning::Small { set_um }) => {
                format!("des lettres de {} sont difficiles à lire une fois imprimées.", self.points(set_um))
            }
        };
        place + &sentence
    }
}

#[cfg(test)]
mod tests {
    use super::{Warning, words};
    use crate::Language;

    #[test]
    fn numbers_follow_the_language() {
        assert_eq!(
            (words(Language::En).mm(12_340), words(Language::Fr).mm(12_340)),
            ("12.3 mm".into(), "12,3 mm".into())
        );
        assert_eq!(
            (words(Language::En).mm(85_000), words(Language::En).points(10_000)),
            ("85 mm".into(), "28.3 pt".into())
        );
    }

    #[test]
    fn every_warning_has_a_sentence_in_both_languages() {
        let all = [
            Warning::LowResolution { dpi: 72 },
            Warning::NearTheEdge,
            Warning::CutOff,
            Warning::Shrunk { asked_um: 10_000, set_um: 5_000 },
            Warning::Small { set_um: 1_000 },
        ];
        for warning in all {
            let (en, fr) =
                (words(Language::En).warning("left", 2, warning), words(Language::Fr).warning("left", 2, warning));
            assert!(en.starts_with("left, layer 2: ") && en.ends_with('.'), "{en}");
            assert!(fr.starts_with("left, calque 2 : ") && fr.ends_with('.') && fr != en, "{fr}");
        }
    }
}
