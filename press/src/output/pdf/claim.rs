//! What a file says of itself when it is made for a printing condition: the marks of PDF/X-4.

use pdf_writer::types::OutputIntentSubtype;
use pdf_writer::{Date, Filter, Finish, Pdf, TextStr};

use super::{CATALOG, METADATA, PAGES, PROFILE};
use crate::PRESS_VERSION;
use crate::ink::Cmyk;
use crate::spec::hex;

/// The day this version of the press was made. The standard asks for a date, and a file must not know when it was made.
const DAY: (u16, u8, u8) = (2026, 11, 29);

pub(super) fn date() -> Date {
    let (year, month, day) = DAY;
    Date::new(year).month(month).day(day).hour(0).minute(0).second(0).utc_offset_hour(0).utc_offset_minute(0)
}

pub(super) fn producer() -> String {
    format!("Platen press {PRESS_VERSION}")
}

/// Catalogue, output intent with its profile, and metadata.
pub(super) fn claim(pdf: &mut Pdf, inks: &Cmyk, title: &str, id: &[u8]) {
    let mut catalog = pdf.catalog(CATALOG);
    catalog.pages(PAGES).metadata(METADATA);
    let mut intents = catalog.output_intents();
    let mut intent = intents.push();
    intent.subtype(OutputIntentSubtype::PDFX);
    // No entry of a registry is claimed: the profile itself says what is meant.
    intent.output_condition_identifier(TextStr("Custom")).info(TextStr(inks.name()));
    intent.dest_output_profile(PROFILE);
    intent.finish();
    intents.finish();
    catalog.finish();
    pdf.icc_profile(PROFILE, inks.deflated()).n(4).filter(Filter::FlateDecode);
    pdf.metadata(METADATA, packet(title, id).as_bytes());
}

/// `title` is a zone's name, which holds no sign that XML would mind.
fn packet(title: &str, id: &[u8]) -> String {
    let (year, month, day) = DAY;
    let date = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
    let hex = hex(id);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    let uuid = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
    let producer = producer();
    format!(
        r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfxid="http://www.npes.org/pdfx/ns/id/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<xmp:CreateDate>{date}</xmp:CreateDate>
<xmp:ModifyDate>{date}</xmp:ModifyDate>
<xmp:MetadataDate>{date}</xmp:MetadataDate>
<xmpMM:DocumentID>uuid:{uuid}</xmpMM:DocumentID>
<xmpMM:VersionID>1</xmpMM:VersionID>
<xmpMM:RenditionClass>default</xmpMM:RenditionClass>
<pdf:Producer>{producer}</pdf:Producer>
<pdf:Trapped>False</pdf:Trapped>
<pdfxid:GTS_PDFXVersion>PDF/X-4</pdfxid:GTS_PDFXVersion>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"#
    )
}
