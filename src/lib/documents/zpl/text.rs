//! Text as a label can bear it: escaped, and cut into lines that fit.

/// Signs that mean nothing to a printer.
const PLAIN: &[u8] = b" .,:;-+/()#%&=!?*'\"@";

/// Text as it may stand behind `^FH_^FD`: all but plain letters, digits and a few signs in
/// hex, byte by byte of its UTF-8.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("_{byte:02X}"));
        }
    }
    out
}

/// Cuts text into at most so many lines of so many dots, in font 0 of this width; what does
/// not fit is told by three dots. Control characters become spaces.
pub fn lines(text: &str, dots: u32, size: u32, most: usize) -> Vec<String> {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in clean.split_whitespace() {
        for piece in pieces(word, dots, size) {
            let joined = if line.is_empty() {
                piece.clone()
            } else {
                format!("{line} {piece}")
            };
            if width(&joined, size) <= dots {
                line = joined;
            } else {
                lines.push(std::mem::replace(&mut line, piece));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while !last.is_empty() && width(&format!("{last}..."), size) > dots {
                last.pop();
            }
            last.push_str("...");
        }
    }
    lines
}

/// A word in pieces that each fit a line.
fn pieces(word: &str, dots: u32, size: u32) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        let full = pieces
            .last()
            .is_some_and(|piece| !piece.is_empty() && width(&format!("{piece}{c}"), size) > dots);
        if full {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// Dots that a text takes in font 0 of this width, rather more than less.
fn width(text: &str, size: u32) -> u32 {
    let hundredths: u32 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '!' | '|' | ' ' => 30,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 90,
            'A'..='Z' | '0'..='9' | '_' | '#' | '&' => 62,
            c if c.is_ascii() => 54,
            '\u{80}'..='\u{24f}' => 62,
            _ => 100,
        })
        .sum();
    (hundredths * size).div_ceil(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_hex() {
        assert_eq!(escaped("^XZ"), "_5EXZ");
        assert_eq!(escaped("~JR_5E\n\\&"), "_7EJR_5F5E_0A_5C&");
        assert_eq!(escaped("Grün 1.5 (b)"), "Gr_C3_BCn 1.5 (b)");
        assert_eq!(escaped("箱😀"), "_E7_AE_B1_F0_9F_98_80");
    }

    #[test]
    fn lines_fit_and_say_that_more_was_there() {
        assert_eq!(lines("Fountain pen", 415, 22, 2), ["Fountain pen"]);
        assert_eq!(lines(" a\tb\u{7} ", 415, 22, 2), ["a b"]);
        assert!(lines("", 415, 22, 2).is_empty());
        let long = lines(&"W".repeat(500), 415, 22, 2);
        assert_eq!(long.len(), 2);
        assert!(long[1].ends_with("..."));
        assert!(long.iter().all(|line| width(line, 22) <= 415), "{long:?}");
        let words = lines(&"word ".repeat(100), 200, 20, 3);
        assert_eq!(words.len(), 3);
        assert!(words.iter().all(|line| width(line, 20) <= 200), "{words:?}");
    }
}
