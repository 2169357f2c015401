//! Outside judges of print files: programs of Debian for PDF, PNG, ZIP and barcodes, and ezdxf (PyPI) for DXF, installed once into
//! `target/tools`.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::install;
use crate::servers::{Server, Servers, find_or_install};

const EZDXF: &str = "ezdxf==1.4.5";

/// Programs, and Debian's packages of them.
const PROGRAMS: &[(&str, &str)] = &[
    ("pdfinfo", "poppler-utils"),
    ("qpdf", "qpdf"),
    ("mutool", "mupdf-tools"),
    ("gs", "ghostscript"),
    ("pngcheck", "pngcheck"),
    ("exiftool", "libimage-exiftool-perl"),
    ("unzip", "unzip"),
    ("zbarimg", "zbar-tools"),
];

/// Finds or installs all of them; nothing runs until the tests ask.
pub(crate) fn find(_: &Servers) -> Result<Server> {
    for (program, package) in PROGRAMS {
        find_or_install(program, package, program)?;
    }
    find_or_install("python3", "python3-venv", "Python 3 with venv")?;
    let folder = install::target_folder().join("tools/ezdxf");
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let python = folder.join("bin/python");
    let has_it = || quiet(Command::new(&python).args(["-c", "import ezdxf"]));
    if !has_it() {
        println!("{EZDXF} is missing: installing it through pip");
        let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).status();
        made.context("a virtual environment of Python could not be made")?;
        quiet(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", EZDXF]));
    }
    if !has_it() {
        bail!("{EZDXF} could not be installed: run `{} -m pip install {EZDXF}` and see why", python.display());
    }
    Ok(Server { exports: vec![("TEST_JUDGES_PYTHON", python.display().to_string())], process: None })
}

fn quiet(command: &mut Command) -> bool {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}
