//! Rules in one word, for command lines.

use serde_json::{Map, Value};

use super::class::Class;

/// Turns `OPERATION:CLASS[+EFFECT][=NUMBER][@PROBABILITY][#NTH][*TIMES]` into the rule that a plan holds, such as
/// `put_tags:late-apply=2000@0.2`. The number is the setting that the class hangs on most, in milliseconds or in
/// bytes for each second. Whether the operation exists is for the plan to say.
///
/// # Errors
/// What is wrong with the text, in a sentence without its beginning.
pub fn short_form(text: &str) -> Result<Value, String> {
    // An operation may be written with a path template, which holds no colon behind the last.
    let (operation, rest) = text
        .rsplit_once(':')
        .ok_or("write OPERATION:CLASS, such as `writes:late-apply=2000@0.2`")?;
    let mut rule = Map::new();
    rule.insert("operation".to_owned(), operation.into());
    let end = rest.find(['+', '=', '@', '#', '*']).unwrap_or(rest.len());
    let (name, mut rest) = rest.split_at(end);
    let class = Class::read(name)?;
    rule.insert("class".to_owned(), name.into());
    while let Some(mark) = rest.chars().next() {
        let end = rest[1..]
            .find(['+', '=', '@', '#', '*'])
            .map_or(rest.len(), |at| at + 1);
        let (part, behind) = rest.split_at(end);
        rest = behind;
        let given = &part[1..];
        let whole = || {
            let number = given.parse::<u64>();
            number.map_err(|_| format!("`{given}` behind `{mark}` is no whole number"))
        };
        let (member, value): (&str, Value) = match mark {
            '+' => ("effect", given.into()),
            '=' => {
                let member = class.described().main.member();
                let member = member.ok_or_else(|| format!("`{class}` takes no number"))?;
                (member, whole()?.into())
            }
            '@' => {
                let number = given.parse::<f64>();
                let number = number.map_err(|_| format!("`{given}` is no probability"))?;
                ("probability", number.into())
            }
            '#' => ("nth", whole()?.into()),
            _ => ("times", whole()?.into()),
        };
        if rule.insert(member.to_owned(), value).is_some() {
            return Err(format!("`{mark}` stands twice"));
        }
    }
    Ok(Value::Object(rule))
}
