//! The members of a JSON object, read as Go's decoder reads them, which Docker and podman use: a name counts in any
//! case, the last value under a name counts, and maps under one name are merged
//! (<https://pkg.go.dev/encoding/json#Unmarshal>).

use std::fmt;

use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A map, such as that of all logins: each name counts as written, and once.
pub type JsonMap = IndexMap<String, Box<RawValue>>;

/// The members of an object with known names, such as a whole file. Values keep their bytes, and a name may stand
/// more than once.
#[derive(Clone, Debug, Default)]
pub struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Parses the object at the start of a text. What comes after it is not read, and `null` is an empty object.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        Ok(Option::<Self>::deserialize(&mut json)?.unwrap_or_default())
    }

    /// Returns the last value under a name. A value of `null` changes nothing.
    pub fn value(&self, name: &str) -> Option<&RawValue> {
        self.named(name).filter(|raw| !is_null(raw)).last()
    }

    /// Returns the map under a name, merged from every value under it; `None` if one of them is not a map. A value of
    /// `null` empties it.
    pub fn map(&self, name: &str) -> Option<JsonMap> {
        let mut merged = JsonMap::new();
        for raw in self.named(name) {
            if is_null(raw) {
                merged.clear();
            } else {
                merged.extend(serde_json::from_str::<JsonMap>(raw.get()).ok()?);
            }
        }
        Some(merged)
    }

    /// Sets or removes the value under a name, in the place of the first one. Afterwards the name stands once, as
    /// written here.
    pub fn set(&mut self, name: &str, value: Option<Box<RawValue>>) {
        let is_meant = |member: &(String, Box<RawValue>)| is_name(&member.0, name);
        let at = self.0.iter().position(is_meant).unwrap_or(self.0.len());
        self.0.retain(|member| !is_meant(member));
        if let Some(value) = value {
            self.0.insert(at, (name.to_owned(), value));
        }
    }

    /// Removes every member with one of these names. Returns whether there was one.
    pub fn remove(&mut self, names: &[&str]) -> bool {
        let before = self.0.len();
        self.0.retain(|(name, _)| !names.iter().any(|other| is_name(name, other)));
        self.0.len() < before
    }

    /// True when a name stands more than once.
    pub fn has_several(&self, name: &str) -> bool {
        self.named(name).nth(1).is_some()
    }

    /// Formats the object as Docker does, with one member on each line.
    pub fn to_json(&self, depth: usize) -> String {
        format_members(self.0.iter().map(|(name, value)| (name, value)), depth)
    }

    /// Returns the values under a name in any case.
    fn named(&self, name: &str) -> impl Iterator<Item = &RawValue> {
        self.0.iter().filter(move |(other, _)| is_name(other, name)).map(|(_, raw)| &**raw)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        json.deserialize_map(MembersVisitor)
    }
}

/// Formats a map as Docker does, with one entry on each line.
pub fn map_to_json(map: &JsonMap, depth: usize) -> String {
    format_members(map.iter(), depth)
}

/// Parses a map. `null` is an empty one.
pub fn parse_map(text: &str) -> Option<JsonMap> {
    serde_json::from_str::<Option<JsonMap>>(text).ok().map(Option::unwrap_or_default)
}

/// Compares a name with a known one, which is ASCII, as Go does: besides the case, the long s and the Kelvin sign count
/// as `s` and `k`.
fn is_name(text: &str, known: &str) -> bool {
    let fold = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    };
    text.chars().map(fold).eq(known.chars().map(fold))
}

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// Formats members on a line each, indented with tabs. The values keep their bytes.
fn format_members<'m>(
    members: impl Iterator<Item = (&'m String, &'m Box<RawValue>)>,
    depth: usize,
) -> String {
    let indent = "\t".repeat(depth);
    let lines: Vec<String> = members
        .map(|(name, value)| {
            format!("{indent}\t{}: {}", serde_json::to_string(name).unwrap_or_default(), value.get())
        })
        .collect();
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n{indent}}}", lines.join(",\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_go_reads_them() {
        for (text, store, auths) in [
            (r#"{"credsStore":"a","CREDSSTORE":"b"}"#, Some("\"b\""), "{}"),
            (r#"{"credSstore":"b","credsStore":null}"#, Some("\"b\""), "{}"),
            (r#"{"credsStore":null}"#, None, "{}"),
            ("{\"cred\u{17f}Store\":\"b\",\"auth\u{17f}\":{\"a\":1}}", Some("\"b\""), r#"{"a":1}"#),
            (r#"{"auths":{"a":1,"b":1},"Auths":{"b":2,"c":2}}"#, None, r#"{"a":1,"b":2,"c":2}"#),
            (r#"{"auths":{"a":1},"auths":null,"auths":{"b":1,"b":2}}"#, None, r#"{"b":2}"#),
            ("{\"auths\":{\"a\":1}}\n}\n rest", None, r#"{"a":1}"#),
            (" null", None, "{}"),
        ] {
            let members = Members::parse(text).expect(text);
            assert_eq!(members.value("credsStore").map(RawValue::get), store, "{text}");
            let map = map_to_json(&members.map("auths").expect(text), 0);
            assert_eq!(map.replace(['\n', '\t', ' '], ""), auths, "{text}");
        }
        let members = Members::parse(r#"{"auths":{"a":1},"auths":[]}"#).expect("JSON");
        assert!(members.map("auths").is_none());
        assert!(Members::parse("[]").is_err_and(|error| error.is_data()));
        assert!(Members::parse("{\"a\":").is_err_and(|error| error.is_eof()));
    }

    #[test]
    fn a_set_name_stands_once_and_in_its_place() {
        let text = r#"{"z":1,"credSstore":"a","y":2,"credsStore":"b"}"#;
        for (value, want) in
            [(Some("\"c\""), r#"{"z":1,"credsStore":"c","y":2}"#), (None, r#"{"z":1,"y":2}"#)]
        {
            let mut members = Members::parse(text).expect("JSON");
            members
                .set("credsStore", value.map(|json| RawValue::from_string(json.to_owned()).expect("JSON")));
            assert_eq!(members.to_json(0).replace(['\n', '\t', ' '], ""), want);
        }
    }
}
