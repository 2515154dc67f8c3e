//! Functions of texts.

use std::iter::Peekable;
use std::str::Chars;

use super::super::number::Number;
use super::super::value::Value;
use super::{Call, Function, MANY, Outcome, between, takes};

pub(super) const TABLE: &[Function] = &[
    takes("chomp", 1, |it| it.made(it.text(0)?.trim_end_matches(['\r', '\n']))),
    takes("endswith", 2, |it| Ok(it.text(0)?.ends_with(&it.text(1)?).into())),
    between("format", 1, MANY, |it| it.made(format(it, |call, at| call.value(at).clone())?)),
    between("formatlist", 1, MANY, format_list),
    takes("indent", 2, indent),
    takes("join", 2, |it| it.made(it.texts(1)?.join(&it.text(0)?))),
    takes("lower", 1, |it| it.made(it.text(0)?.to_lowercase())),
    takes("replace", 3, replace),
    takes("split", 2, split),
    takes("startswith", 2, |it| Ok(it.text(0)?.starts_with(&it.text(1)?).into())),
    takes("strcontains", 2, |it| Ok(it.text(0)?.contains(&it.text(1)?).into())),
    takes("strlen", 1, |it| Ok(Value::count(it.text(0)?.chars().count()))),
    takes("strrev", 1, |it| it.made(it.text(0)?.chars().rev().collect::<String>())),
    takes("substr", 3, substr),
    takes("title", 1, title),
    takes("tostring", 1, |it| Ok(Value::Text(it.value(0).to_text()?))),
    takes("trim", 2, |it| {
        let letters: Vec<char> = it.text(1)?.chars().collect();
        it.budget.spend(letters.len().saturating_mul(it.text(0)?.len()))?;
        it.made(it.text(0)?.trim_matches(letters.as_slice()))
    }),
    takes("trimprefix", 2, |it| {
        let text = it.text(0)?;
        it.made(text.strip_prefix(it.text(1)?.as_str()).unwrap_or(&text))
    }),
    takes("trimspace", 1, |it| it.made(it.text(0)?.trim())),
    takes("trimsuffix", 2, |it| {
        let text = it.text(0)?;
        it.made(text.strip_suffix(it.text(1)?.as_str()).unwrap_or(&text))
    }),
    takes("upper", 1, |it| it.made(it.text(0)?.to_uppercase())),
];

fn indent(it: Call<'_>) -> Outcome {
    let (blanks, text) = (it.count(0)?, it.text(1)?);
    let lines = text.matches('\n').count();
    it.budget.spend_text(blanks.saturating_mul(lines))?;
    it.made(text.replace('\n', &format!("\n{}", " ".repeat(if lines > 0 { blanks } else { 0 }))))
}

fn replace(it: Call<'_>) -> Outcome {
    let (text, from, to) = (it.text(0)?, it.text(1)?, it.text(2)?);
    // `/.../` is a regular expression.
    #[cfg(feature = "regexp")]
    if let Some(pattern) = from.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        return super::patterns::replace(it, &text, pattern, &to);
    }
    let times = text.matches(&from).count();
    it.budget.spend_text(times.saturating_mul(to.len()))?;
    it.made(text.replace(&from, &to))
}

fn split(it: Call<'_>) -> Outcome {
    let (separator, text) = (it.text(0)?, it.text(1)?);
    it.budget.spend(text.len())?;
    if separator.is_empty() {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        return Ok(Value::texts(letters));
    }
    Ok(Value::texts(text.split(&separator)))
}

fn substr(it: Call<'_>) -> Outcome {
    let letters: Vec<char> = it.text(0)?.chars().collect();
    let length = letters.len();
    let offset = it.int(1)?;
    // A negative offset counts from the end.
    let start = match usize::try_from(offset) {
        Ok(start) => start.min(length),
        Err(_) => {
            let back = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            length.saturating_sub(back)
        }
    };
    let wanted = usize::try_from(it.int(2)?).unwrap_or(usize::MAX);
    let rest = letters.get(start..).unwrap_or_default();
    it.made(rest.iter().take(wanted).collect::<String>())
}

fn title(it: Call<'_>) -> Outcome {
    let mut out = String::new();
    let mut begins = true;
    for letter in it.text(0)?.chars() {
        match begins {
            true => out.extend(letter.to_uppercase()),
            false => out.push(letter),
        }
        begins = !letter.is_alphanumeric() && !matches!(letter, '_' | '\'');
    }
    it.made(out)
}

/// The texts that a format makes of the elements of lists; what is no list is the same for all.
fn format_list(it: Call<'_>) -> Outcome {
    let lists = it.arguments.iter().skip(1).filter_map(|value| match value {
        Value::List(list) => Some(list.items.len()),
        _ => None,
    });
    let lengths: Vec<usize> = lists.collect();
    let number = lengths.first().copied().unwrap_or(1);
    if lengths.iter().any(|length| *length != number) {
        return Err("the lists are of different lengths".to_owned());
    }
    let mut made = Vec::new();
    for index in 0..number {
        let text = format(it, |call, at| match call.value(at) {
            Value::List(list) => list.items.get(index).cloned().unwrap_or(Value::Null),
            value => value.clone(),
        })?;
        made.push(it.made(text)?);
    }
    it.made_list(made)
}

/// What stands between `%` and the letter that says how a value is written.
#[derive(Default)]
struct Flags {
    left: bool,
    plus: bool,
    zeros: bool,
    space: bool,
    width: usize,
    precision: Option<usize>,
}

/// The widest that a value is written.
const WIDTH_MAX: usize = 1_000;

fn format(it: Call<'_>, value: impl Fn(Call<'_>, usize) -> Value) -> Result<String, String> {
    let format = it.text(0)?;
    let mut out = String::new();
    let mut letters = format.chars().peekable();
    let mut next = 1;
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let mut flags = Flags::default();
        while let Some(flag) = letters.next_if(|letter| "-+ 0#".contains(*letter)) {
            match flag {
                '-' => flags.left = true,
                '+' => flags.plus = true,
                '0' => flags.zeros = true,
                ' ' => flags.space = true,
                _ => {}
            }
        }
        flags.width = digits(&mut letters);
        if letters.next_if_eq(&'.').is_some() {
            flags.precision = Some(digits(&mut letters));
        }
        let verb = letters.next().ok_or("the format ends after a `%`")?;
        if verb == '%' {
            out.push('%');
            continue;
        }
        if next >= it.arguments.len() {
            return Err("the format has more values than there are arguments".to_owned());
        }
        let text = written(&value(it, next), verb, &flags)?;
        next += 1;
        it.budget.spend_text(text.len() + flags.width)?;
        pad(&mut out, &text, &flags);
    }
    if next < it.arguments.len() {
        return Err("there are more arguments than the format has values".to_owned());
    }
    Ok(out)
}

/// A number in the format, cut at the widest that there is.
fn digits(letters: &mut Peekable<Chars<'_>>) -> usize {
    let mut number = 0_usize;
    while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
        number = number.saturating_mul(10).saturating_add(digit as usize).min(WIDTH_MAX);
        letters.next();
    }
    number
}

fn written(value: &Value, verb: char, flags: &Flags) -> Result<String, String> {
    let signed = |text: String, is_negative: bool| match (is_negative, flags.plus, flags.space) {
        (false, true, _) => format!("+{text}"),
        (false, false, true) => format!(" {text}"),
        _ => text,
    };
    let int = || {
        let number = value.to_number()?;
        number.as_int().ok_or_else(|| format!("expected an integer for `%{verb}`, found {number}"))
    };
    let unsigned = || u64::try_from(int()?).map_err(|_| format!("`%{verb}` of a negative number"));
    match verb {
        's' => {
            let text = value.to_text()?;
            let letters = flags.precision.unwrap_or(usize::MAX);
            Ok(text.chars().take(letters).collect())
        }
        'v' => match value {
            Value::Null => Ok("null".to_owned()),
            Value::List(_) | Value::Object(_) => {
                Err("`%v` of a list or an object; use `jsonencode`".to_owned())
            }
            value => Ok(value.to_text()?.as_ref().to_owned()),
        },
        'q' => Ok(serde_json::Value::from(value.to_text()?.as_ref()).to_string()),
        't' => Ok(value.to_bool()?.to_string()),
        'd' => int().map(|number| signed(number.to_string(), number < 0)),
        'b' => Ok(format!("{:b}", unsigned()?)),
        'o' => Ok(format!("{:o}", unsigned()?)),
        'x' => Ok(format!("{:x}", unsigned()?)),
        'X' => Ok(format!("{:X}", unsigned()?)),
        'f' | 'F' => {
            let number = value.to_number()?.as_f64();
            let digits = flags.precision.unwrap_or(6);
            Ok(signed(format!("{number:.digits$}"), number < 0.0))
        }
        'e' => Ok(format!("{:e}", value.to_number()?.as_f64())),
        'g' | 'G' => Ok(signed(
            value.to_number()?.to_string(),
            value.to_number()?.order(Number::from(0)).is_lt(),
        )),
        other => Err(format!("unknown `%{other}` in the format")),
    }
}

fn pad(out: &mut String, text: &str, flags: &Flags) {
    let missing = flags.width.saturating_sub(text.chars().count());
    if flags.left {
        out.push_str(text);
        out.push_str(&" ".repeat(missing));
    } else if flags.zeros {
        let digits = text.trim_start_matches(['+', '-', ' ']);
        let (sign, _) = text.split_at(text.len() - digits.len());
        out.extend([sign, &"0".repeat(missing), digits]);
    } else {
        out.push_str(&" ".repeat(missing));
        out.push_str(text);
    }
}
