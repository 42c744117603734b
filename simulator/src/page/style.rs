//! The page's colours and style sheet, light and dark.
//!
//! The pairs that must be told apart (Tidegate's blue, the other policy's orange, the failures'
//! dark red) are those of Okabe and Ito, "Color Universal Design" (2008), made darker for text on
//! white; each of them also differs by place or by its line.

/// A colour's name in the sheets, on light and on dark paper.
const COLOURS: [(&str, &str, &str); 18] = [
    ("$paper", "#ffffff", "#12161c"),
    ("$ink", "#1c2330", "#e6eaf0"),
    ("$soft", "#566070", "#a2adbb"),
    ("$rule", "#dde2e9", "#2b343f"),
    ("$axis", "#9aa4b2", "#5b6675"),
    ("$tile", "#f4f6f9", "#1a2028"),
    ("$trafficarea", "#eceff3", "#222931"),
    ("$traffic", "#697383", "#98a3b1"),
    ("$oursfill", "#1f6fb2", "#4ea3e6"),
    ("$ours", "#14588f", "#7dbdf2"),
    ("$otherfill", "#e69f00", "#d98a1f"),
    ("$other", "#b35c00", "#f0ac55"),
    ("$fail", "#a4123f", "#ff7d9c"),
    ("$raise", "#0b6b46", "#5fd3a1"),
    ("$lower", "#6a3fa0", "#c3a2f2"),
    ("$bestink", "#0b5138", "#8fe0bb"),
    ("$best", "#e2f2ea", "#173a2c"),
    ("$mark", "#1c2330", "#e6eaf0"),
];

/// The drawing's sheet, in the colours of the reader's scheme.
pub fn drawing() -> String {
    schemed(include_str!("chart.css"))
}

/// The page's sheet, the drawing's included.
pub fn page() -> String {
    let colours = schemed(include_str!("colours.css")) + &drawing();
    colours + include_str!("page.css")
}

fn schemed(sheet: &str) -> String {
    let (mut light, mut dark) = (sheet.to_owned(), sheet.to_owned());
    for (name, on_light, on_dark) in COLOURS {
        light = light.replace(&format!("{name};"), &format!("{on_light};"));
        dark = dark.replace(&format!("{name};"), &format!("{on_dark};"));
    }
    format!("{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_colour_has_its_value() {
        let sheet = super::page();
        assert!(!sheet.contains('$'), "{sheet}");
        assert!(sheet.matches('{').count() == sheet.matches('}').count());
        assert!(!sheet.contains("url(") && !sheet.contains("@import"));
    }
}
