//! The methods that templates can call on times and versions.

use crate::error::Fault;
use crate::functions::{Call, Parameter, text_at, value_at};
use crate::semver::Version;
use crate::time::Time;
use crate::value::Value;

/// A method and the value it belongs to.
pub(crate) struct Method {
    receiver: Receiver,
    parameters: &'static [Parameter],
    name: &'static str,
}

enum Receiver {
    Time(Time),
    Version(std::rc::Rc<Version>),
}

const TIME: &[(&str, &[Parameter])] = &[
    ("Day", &[]),
    ("Format", &[Parameter::Str]),
    ("Hour", &[]),
    ("IsZero", &[]),
    ("Minute", &[]),
    ("Nanosecond", &[]),
    ("Second", &[]),
    ("String", &[]),
    ("UTC", &[]),
    ("Unix", &[]),
    ("UnixMilli", &[]),
    ("UnixNano", &[]),
    ("Year", &[]),
    ("YearDay", &[]),
];

const VERSION: &[(&str, &[Parameter])] = &[
    ("Compare", &[Parameter::Any]),
    ("Equal", &[Parameter::Any]),
    ("GreaterThan", &[Parameter::Any]),
    ("LessThan", &[Parameter::Any]),
    ("Major", &[]),
    ("Metadata", &[]),
    ("Minor", &[]),
    ("Original", &[]),
    ("Patch", &[]),
    ("Prerelease", &[]),
    ("String", &[]),
];

/// The method of that name, where the value has one.
pub(crate) fn find(receiver: &Value, name: &str) -> Option<Method> {
    let (receiver, table) = match receiver {
        Value::Time(time) => (Receiver::Time(*time), TIME),
        Value::Version(version) => (Receiver::Version(version.clone()), VERSION),
        _ => return None,
    };
    let (name, parameters) = table.iter().find(|(known, _)| *known == name)?;
    Some(Method {
        receiver,
        parameters,
        name,
    })
}

impl Method {
    pub(crate) fn parameters(&self) -> &'static [Parameter] {
        self.parameters
    }

    pub(crate) fn call(&self, call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
        match &self.receiver {
            Receiver::Time(time) => of_time(call, *time, self.name, arguments),
            Receiver::Version(version) => of_version(call, version, self.name, arguments),
        }
    }
}

fn of_time(call: &Call<'_>, time: Time, name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    let civil = time.civil();
    Ok(match name {
        "Day" => Value::Int(i64::from(civil.day)),
        "Format" => {
            let layout = text_at(arguments, 0)?;
            call.memory(layout.len().saturating_mul(8))?;
            return call.text(time.format(layout));
        }
        "Hour" => Value::Int(i64::from(civil.hour)),
        "IsZero" => Value::Bool(time == Time::ZERO),
        "Minute" => Value::Int(i64::from(civil.minute)),
        "Nanosecond" => Value::Int(i64::from(time.nanosecond())),
        "Second" => Value::Int(i64::from(civil.second)),
        "String" => return call.text(time.display()),
        "UTC" => Value::Time(time.at_offset(0)),
        "Unix" => Value::Int64(time.unix()),
        "UnixMilli" => {
            Value::Int64(time.unix().wrapping_mul(1000) + i64::from(time.nanosecond() / 1_000_000))
        }
        "UnixNano" => Value::Int64(
            time.unix()
                .wrapping_mul(1_000_000_000)
                .wrapping_add(i64::from(time.nanosecond())),
        ),
        "Year" => Value::Int(civil.year),
        "YearDay" => Value::Int(i64::from(civil.year_day)),
        _ => return Err(Fault::Field),
    })
}

fn of_version(
    call: &Call<'_>,
    version: &Version,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Fault> {
    let compare = || match value_at(arguments, 0)? {
        Value::Version(other) => Ok(version.compare(other)),
        _ => Err(Fault::ArgumentType),
    };
    Ok(match name {
        "Compare" => Value::Int(compare()? as i64),
        "Equal" => Value::Bool(compare()?.is_eq()),
        "GreaterThan" => Value::Bool(compare()?.is_gt()),
        "LessThan" => Value::Bool(compare()?.is_lt()),
        "Major" => Value::Uint64(version.major),
        "Metadata" => return call.text(&version.metadata),
        "Minor" => Value::Uint64(version.minor),
        "Original" => return call.text(&version.original),
        "Patch" => Value::Uint64(version.patch),
        "Prerelease" => return call.text(&version.prerelease),
        "String" => return call.text(version.display()),
        _ => return Err(Fault::Field),
    })
}
