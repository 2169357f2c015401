//! What is on offer: the product lines a catalogue is generated from.

/// One attribute of a line: how it is called, how the uid spells it, which values it may take.
pub(super) struct Attr {
    pub(super) uid: &'static str,
    /// The uid's code (`gsi` in `..._gsi_m_...`); empty = the bare value is appended.
    pub(super) code: &'static str,
    pub(super) values: &'static [&'static str],
    /// The first `keep` values are always there; the seed draws the rest up to `take`.
    pub(super) keep: usize,
    pub(super) take: usize,
}

const fn all(uid: &'static str, code: &'static str, values: &'static [&'static str]) -> Attr {
    Attr { uid, code, values, keep: values.len(), take: values.len() }
}

/// A family of products that differ by their attributes only.
pub(super) struct Line {
    pub(super) catalog: &'static str,
    pub(super) title: &'static str,
    pub(super) noun: &'static str,
    pub(super) prefix: &'static str,
    pub(super) fixed: &'static [(&'static str, &'static str)],
    pub(super) attrs: &'static [Attr],
    /// Products of different facilities never travel in one parcel.
    pub(super) facility: &'static str,
    pub(super) cents: (u64, u64),
    pub(super) grams: (u64, u64),
    pub(super) stockable: bool,
    /// First, last and step of the valid page counts of a multipage product.
    pub(super) pages: Option<(u32, u32, u32)>,
}

const COLOURS: &[&str] = &[
    "white",
    "black",
    "navy",
    "red",
    "forest-green",
    "sport-grey",
    "royal",
    "sand",
    "maroon",
    "light-blue",
    "purple",
    "gold",
];

const fn garment_attrs() -> [Attr; 3] {
    [
        all("GarmentSize", "gsi", &["s", "m", "l", "xl", "2xl"]),
        Attr { uid: "GarmentColor", code: "gco", values: COLOURS, keep: 2, take: 5 },
        all("GarmentPrint", "gpr", &["4-0", "4-4"]),
    ]
}

static GARMENT: [Attr; 3] = garment_attrs();
static TOTE: [Attr; 2] = [
    Attr { uid: "BagColor", code: "bco", values: &["natural", "black", "navy", "red", "olive"], keep: 2, take: 4 },
    all("GarmentPrint", "gpr", &["4-0", "4-4"]),
];
static MUG: [Attr; 2] = [
    all("MugSize", "msz", &["11-oz", "15-oz"]),
    Attr {
        uid: "MugMaterial",
        code: "mmat",
        values: &[
            "ceramic-white",
            "ceramic-black",
            "ceramic-red",
            "ceramic-blue",
            "ceramic-green",
            "magic-black",
            "ceramic-pink",
        ],
        keep: 2,
        take: 6,
    },
];
static ENAMEL: [Attr; 2] = [all("MugSize", "msz", &["10-oz", "12-oz"]), all("MugRim", "mrim", &["silver", "black"])];
static POSTER: [Attr; 3] = [
    all("PaperFormat", "pf", &["a4", "a3", "a2", "a1", "5r", "500x700-mm", "300x400-mm", "12x18-inch"]),
    all("PaperType", "pt", &["170-gsm-coated-silk", "200-gsm-uncoated", "250-gsm-matt"]),
    all("Orientation", "", &["hor", "ver"]),
];
static CARD: [Attr; 3] = [
    all("PaperFormat", "pf", &["a6", "a5", "dl", "5r"]),
    all("PaperType", "pt", &["350-gsm-coated-silk", "300-gsm-uncoated"]),
    all("FoldingType", "ft", &["none", "half-fold-hor", "half-fold-ver"]),
];
static CANVAS: [Attr; 3] = [
    all("CanvasFormat", "pf", &["200x300-mm", "300x400-mm", "400x600-mm", "500x700-mm", "600x900-mm"]),
    all("CanvasFrame", "cf", &["wood-fsc-slim", "wood-fsc-thick"]),
    all("Orientation", "", &["hor", "ver"]),
];
static STICKER: [Attr; 2] = [
    all("StickerFormat", "pf", &["50x50-mm", "75x75-mm", "100x100-mm", "140x140-mm"]),
    all("StickerFinish", "ct", &["glossy", "matt", "holographic"]),
];
static NOTEBOOK: [Attr; 3] = [
    all("PaperFormat", "pf", &["a5", "b5"]),
    all("NotebookBinding", "bt", &["wire-o-left", "glued-left"]),
    all("NotebookRuling", "nr", &["ruled", "blank", "dotted", "graph"]),
];
static BOOK: [Attr; 3] = [
    all("PaperFormat", "pf", &["200x200-mm", "210x280-mm"]),
    all("BookCover", "cov", &["soft", "hard"]),
    all("PaperType", "pt", &["170-gsm-coated-silk", "200-gsm-matt"]),
];

macro_rules! garment {
    ($gca:literal, $gsc:literal, $gcu:literal, $gqa:literal, $noun:literal, $cents:expr, $grams:expr) => {
        Line {
            catalog: $gca,
            title: $noun,
            noun: $noun,
            prefix: concat!("apparel_product_gca_", $gca, "_gsc_", $gsc, "_gcu_", $gcu, "_gqa_", $gqa),
            fixed: &[
                ("GarmentCategory", $gca),
                ("GarmentSubcategory", $gsc),
                ("GarmentCut", $gcu),
                ("GarmentQuality", $gqa),
            ],
            attrs: &GARMENT,
            facility: "apparel",
            cents: $cents,
            grams: $grams,
            stockable: true,
            pages: None,
        }
    };
}

const fn plain(
    catalog: &'static str,
    title: &'static str,
    noun: &'static str,
    prefix: &'static str,
    attrs: &'static [Attr],
    facility: &'static str,
) -> Line {
    Line {
        catalog,
        title,
        noun,
        prefix,
        fixed: &[],
        attrs,
        facility,
        cents: (500, 900),
        grams: (100, 200),
        stockable: false,
        pages: None,
    }
}

/// Every line, in the order the catalogues are listed.
pub(super) static LINES: [Line; 13] = [
    Line { cents: (480, 690), grams: (340, 420), ..plain("mugs", "Mugs", "Mug", "mug_product", &MUG, "ceramics") },
    Line {
        cents: (790, 990),
        grams: (180, 240),
        ..plain("mugs", "Mugs", "Enamel Mug", "mug_product_enamel", &ENAMEL, "ceramics")
    },
    garment!("t-shirt", "crewneck", "unisex", "classic", "T-Shirt", (820, 1190), (150, 190)),
    garment!("t-shirt", "crewneck", "women", "premium", "T-Shirt", (990, 1390), (130, 170)),
    garment!("hoodie", "pullover", "unisex", "classic", "Hoodie", (1990, 2790), (480, 560)),
    garment!("sweatshirt", "crewneck", "unisex", "classic", "Sweatshirt", (1690, 2290), (400, 470)),
    Line {
        cents: (690, 1090),
        grams: (110, 180),
        stockable: true,
        ..plain("tote-bags", "Tote Bags", "Tote Bag", "bag_product_bsc_tote-bag_bqa_classic", &TOTE, "apparel")
    },
    Line {
        cents: (420, 1600),
        grams: (60, 240),
        ..plain("posters", "Posters", "Poster", "flat_product", &POSTER, "paper")
    },
    Line { cents: (95, 260), grams: (12, 40), ..plain("cards", "Cards", "Card", "cards", &CARD, "paper") },
    Line {
        cents: (1490, 4900),
        grams: (500, 2600),
        ..plain("canvas", "Canvas", "Canvas", "canvas", &CANVAS, "wall-art")
    },
    Line {
        cents: (120, 390),
        grams: (8, 30),
        ..plain("stickers", "Stickers", "Sticker", "stickers", &STICKER, "paper")
    },
    Line {
        cents: (590, 990),
        grams: (220, 340),
        pages: Some((36, 156, 20)),
        ..plain("notebooks", "Notebooks", "Notebook", "notebooks", &NOTEBOOK, "paper")
    },
    Line {
        cents: (1290, 2490),
        grams: (320, 780),
        pages: Some((28, 200, 2)),
        ..plain("photo-books", "Photo Books", "Photo Book", "photobooks", &BOOK, "paper")
    },
];
