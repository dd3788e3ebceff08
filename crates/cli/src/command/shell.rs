//! Commands for a reader's own shell.

use std::fmt::Write as _;

/// A POSIX shell command that prints the SHA-256 of a text with nothing of ours. What a shell,
/// `printf` or an eye could take for something else is written in octal.
pub(super) fn sha256sum(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 32);
    for byte in text.bytes() {
        match byte {
            b'\n' => quoted.push_str("\\n"),
            // In octal, some shells take it for the start of a conversion.
            b'%' => quoted.push_str("%%"),
            b'\'' | b'\\' => push_octal(&mut quoted, byte),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => push_octal(&mut quoted, byte),
        }
    }
    format!("printf '{quoted}' | sha256sum")
}

/// Three digits always, so that a digit after it is not taken for a part of it.
fn push_octal(quoted: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(quoted, "\\{byte:03o}");
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use countersign_core::hash::Hash;

    use super::sha256sum;

    #[test]
    fn a_shell_computes_the_hash() {
        let texts = [
            "a\nb\n",
            "it's 100% \\n $HOME `id` \"x\" \t!",
            "Ștefan 李雷 7",
            "\\0101 %s %% %d",
            "é1é2",
            "'; id; '",
            "\u{1b}[0m\u{202e}",
            "{\"a\":\"b\"}",
            "",
        ];
        for text in texts {
            let command = sha256sum(text);
            assert!(command.bytes().all(|b| (b' '..=b'~').contains(&b)), "{command}");
            let printed = Command::new("sh").arg("-c").arg(&command).output().unwrap().stdout;
            assert_eq!(String::from_utf8_lossy(&printed), format!("{}  -\n", Hash::of(text.as_bytes())), "{command}");
        }
    }
}
