//! The functions of sprig v3.3.0.
//!
//! `TABLE` holds them all, with the types of their parameters. Those that would need a stack of cryptography parse and
//! then fail; those in `REFUSED`, which read the environment or the network, the controller does not have either.

mod case;
mod cast;
mod dates;
mod decimal;
mod dicts;
mod encoding;
mod lists;
mod numbers;
mod paths;
mod random;
mod regexes;
mod text;
mod types;
mod unicode;
mod urls;
mod words;

use crate::error::Fault;
use crate::functions::Parameter::{Any, Bool, Dict, Float, Int, Str, Time};
use crate::functions::{Call, Definition, find_in};
use crate::value::Value;

pub(crate) use regexes::{RegexCache, compilation};

/// Functions that a template may not even name.
const REFUSED: [&str; 3] = ["env", "expandenv", "getHostByName"];

pub(crate) fn is_refused(name: &str) -> bool {
    REFUSED.contains(&name)
}

pub(crate) fn find(name: &str) -> Option<&'static Definition> {
    find_in(TABLE, name)
}

/// Keys, certificates and slow password hashes: they would each need a stack of cryptography, and what they make is
/// lost with the next rendering.
fn unsupported(_: &Call<'_>, _: &[Value]) -> Result<Value, Fault> {
    Err(Fault::Unsupported)
}

const fn define(
    name: &'static str,
    fixed: &'static [crate::functions::Parameter],
    body: crate::functions::StaticBody,
) -> Definition {
    Definition::new(name, fixed, None, body)
}

const fn variadic(
    name: &'static str,
    fixed: &'static [crate::functions::Parameter],
    rest: crate::functions::Parameter,
    body: crate::functions::StaticBody,
) -> Definition {
    Definition::new(name, fixed, Some(rest), body)
}

static TABLE: &[Definition] = &[
    define("abbrev", &[Int, Str], words::abbrev),
    define("abbrevboth", &[Int, Int, Str], words::abbrev_both),
    variadic("add", &[], Any, numbers::add),
    define("add1", &[Any], numbers::add1),
    define("add1f", &[Any], decimal::add1),
    variadic("addf", &[], Any, decimal::add),
    define("adler32sum", &[Str], encoding::adler32),
    define("ago", &[Any], dates::ago),
    variadic("all", &[], Any, types::all),
    variadic("any", &[], Any, types::any),
    define("append", &[Any, Any], lists::push),
    define("atoi", &[Str], cast::atoi),
    define("b32dec", &[Str], encoding::b32dec),
    define("b32enc", &[Str], encoding::b32enc),
    define("b64dec", &[Str], encoding::b64dec),
    define("b64enc", &[Str], encoding::b64enc),
    define("base", &[Str], paths::base),
    define("bcrypt", &[Str], unsupported),
    variadic("biggest", &[Any], Any, numbers::max),
    define("buildCustomCert", &[Str, Str], unsupported),
    define("camelcase", &[Str], case::pascal),
    variadic("cat", &[], Any, text::cat),
    define("ceil", &[Any], numbers::ceil),
    define("chunk", &[Int, Any], lists::chunk),
    define("clean", &[Str], paths::clean),
    variadic("coalesce", &[], Any, types::coalesce),
    define("compact", &[Any], lists::compact),
    variadic("concat", &[], Any, lists::concat),
    define("contains", &[Str, Str], text::contains),
    define("date", &[Str, Any], dates::date),
    define("dateInZone", &[Str, Any, Str], dates::date_in_zone),
    define("dateModify", &[Str, Time], dates::modify),
    define("date_in_zone", &[Str, Any, Str], dates::date_in_zone),
    define("date_modify", &[Str, Time], dates::modify),
    define("decryptAES", &[Str, Str], unsupported),
    define("deepCopy", &[Any], types::deep_copy),
    define("deepEqual", &[Any, Any], types::deep_equal),
    variadic("default", &[Any], Any, types::default),
    define("derivePassword", &[Int, Str, Str, Str, Str], unsupported),
    variadic("dict", &[], Any, dicts::dict),
    variadic("dig", &[], Any, dicts::dig),
    define("dir", &[Str], paths::dir),
    define("div", &[Any, Any], numbers::div),
    variadic("divf", &[Any], Any, decimal::div),
    define("duration", &[Any], dates::duration),
    define("durationRound", &[Any], dates::duration_round),
    define("empty", &[Any], types::empty),
    define("encryptAES", &[Str, Str], unsupported),
    define("ext", &[Str], paths::ext),
    define("fail", &[Str], |_, _| Err(Fault::Failed)),
    define("first", &[Any], lists::first),
    define("float64", &[Any], cast::float64),
    define("floor", &[Any], numbers::floor),
    define("fromJson", &[Str], encoding::from_json),
    define("genCA", &[Str, Int], unsupported),
    define("genCAWithKey", &[Str, Int, Str], unsupported),
    define("genPrivateKey", &[Str], unsupported),
    define("genSelfSignedCert", &[Str, Any, Any, Int], unsupported),
    define(
        "genSelfSignedCertWithKey",
        &[Str, Any, Any, Int, Str],
        unsupported,
    ),
    define("genSignedCert", &[Str, Any, Any, Int, Any], unsupported),
    define(
        "genSignedCertWithKey",
        &[Str, Any, Any, Int, Any, Str],
        unsupported,
    ),
    define("get", &[Dict, Str], dicts::get),
    define("has", &[Any, Any], lists::has),
    define("hasKey", &[Dict, Str], dicts::has_key),
    define("hasPrefix", &[Str, Str], text::has_prefix),
    define("hasSuffix", &[Str, Str], text::has_suffix),
    define("hello", &[], |call, _| call.text("Hello!")),
    define("htmlDate", &[Any], dates::html_date),
    define("htmlDateInZone", &[Any, Str], dates::html_date_in_zone),
    define("htpasswd", &[Str, Str], unsupported),
    define("indent", &[Int, Str], text::indent),
    define("initial", &[Any], lists::initial),
    define("initials", &[Str], words::initials),
    define("int", &[Any], cast::int),
    define("int64", &[Any], cast::int64),
    define("isAbs", &[Str], paths::is_abs),
    define("join", &[Str, Any], lists::join),
    define("kebabcase", &[Str], case::kebab),
    variadic("keys", &[], Dict, dicts::keys),
    define("kindIs", &[Str, Any], types::kind_is),
    define("kindOf", &[Any], types::kind_of),
    define("last", &[Any], lists::last),
    variadic("list", &[], Any, lists::list),
    define("lower", &[Str], case::lower),
    variadic("max", &[Any], Any, numbers::max),
    variadic("maxf", &[Any], Any, numbers::maxf),
    variadic("merge", &[Dict], Dict, dicts::merge),
    variadic("mergeOverwrite", &[Dict], Dict, dicts::merge_overwrite),
    variadic("min", &[Any], Any, numbers::min),
    variadic("minf", &[Any], Any, numbers::minf),
    define("mod", &[Any, Any], numbers::modulo),
    variadic("mul", &[Any], Any, numbers::mul),
    variadic("mulf", &[Any], Any, decimal::mul),
    define("mustAppend", &[Any, Any], lists::push),
    define("mustChunk", &[Int, Any], lists::chunk),
    define("mustCompact", &[Any], lists::compact),
    define("mustDateModify", &[Str, Time], dates::must_modify),
    define("mustDeepCopy", &[Any], types::deep_copy),
    define("mustFirst", &[Any], lists::first),
    define("mustFromJson", &[Str], encoding::must_from_json),
    define("mustHas", &[Any, Any], lists::has),
    define("mustInitial", &[Any], lists::initial),
    define("mustLast", &[Any], lists::last),
    variadic("mustMerge", &[Dict], Dict, dicts::merge),
    variadic("mustMergeOverwrite", &[Dict], Dict, dicts::merge_overwrite),
    define("mustPrepend", &[Any, Any], lists::prepend),
    define("mustPush", &[Any, Any], lists::push),
    define("mustRegexFind", &[Str, Str], regexes::find),
    define("mustRegexFindAll", &[Str, Str, Int], regexes::find_all),
    define("mustRegexMatch", &[Str, Str], regexes::must_match),
    define(
        "mustRegexReplaceAll",
        &[Str, Str, Str],
        regexes::replace_all,
    ),
    define(
        "mustRegexReplaceAllLiteral",
        &[Str, Str, Str],
        regexes::replace_all_literal,
    ),
    define("mustRegexSplit", &[Str, Str, Int], regexes::split),
    define("mustRest", &[Any], lists::rest),
    define("mustReverse", &[Any], lists::reverse),
    variadic("mustSlice", &[Any], Any, lists::slice),
    define("mustToDate", &[Str, Str], dates::must_to_date),
    define("mustToJson", &[Any], encoding::must_to_json),
    define("mustToPrettyJson", &[Any], encoding::must_to_pretty_json),
    define("mustToRawJson", &[Any], encoding::to_raw_json),
    define("mustUniq", &[Any], lists::uniq),
    variadic("mustWithout", &[Any], Any, lists::without),
    define("must_date_modify", &[Str, Time], dates::must_modify),
    define("nindent", &[Int, Str], text::nindent),
    define("nospace", &[Str], words::nospace),
    define("now", &[], dates::now),
    variadic("omit", &[Dict], Str, dicts::omit),
    define("osBase", &[Str], paths::base),
    define("osClean", &[Str], paths::clean),
    define("osDir", &[Str], paths::dir),
    define("osExt", &[Str], paths::ext),
    define("osIsAbs", &[Str], paths::is_abs),
    variadic("pick", &[Dict], Str, dicts::pick),
    variadic("pluck", &[Str], Dict, dicts::pluck),
    define("plural", &[Str, Str, Int], text::plural),
    define("prepend", &[Any, Any], lists::prepend),
    define("push", &[Any, Any], lists::push),
    variadic("quote", &[], Any, text::quote),
    define("randAlpha", &[Int], random::alpha),
    define("randAlphaNum", &[Int], random::alpha_num),
    define("randAscii", &[Int], random::ascii),
    define("randBytes", &[Int], random::bytes),
    define("randInt", &[Int, Int], random::int),
    define("randNumeric", &[Int], random::numeric),
    define("regexFind", &[Str, Str], regexes::find),
    define("regexFindAll", &[Str, Str, Int], regexes::find_all),
    define("regexMatch", &[Str, Str], regexes::matches),
    define("regexQuoteMeta", &[Str], regexes::quote_meta),
    define("regexReplaceAll", &[Str, Str, Str], regexes::replace_all),
    define(
        "regexReplaceAllLiteral",
        &[Str, Str, Str],
        regexes::replace_all_literal,
    ),
    define("regexSplit", &[Str, Str, Int], regexes::split),
    define("repeat", &[Int, Str], text::repeat),
    define("replace", &[Str, Str, Str], text::replace),
    define("rest", &[Any], lists::rest),
    define("reverse", &[Any], lists::reverse),
    variadic("round", &[Any, Int], Float, numbers::round),
    define("semver", &[Str], types::semver),
    define("semverCompare", &[Str, Str], types::semver_compare),
    variadic("seq", &[], Int, numbers::seq),
    define("set", &[Dict, Str, Any], dicts::set),
    define("sha1sum", &[Str], encoding::sha1),
    define("sha256sum", &[Str], encoding::sha256),
    define("sha512sum", &[Str], encoding::sha512),
    define("shuffle", &[Str], random::shuffle),
    variadic("slice", &[Any], Any, lists::slice),
    define("snakecase", &[Str], case::snake),
    define("sortAlpha", &[Any], lists::sort_alpha),
    define("split", &[Str, Str], text::split),
    define("splitList", &[Str, Str], text::split_list),
    define("splitn", &[Str, Int, Str], text::splitn),
    variadic("squote", &[], Any, text::squote),
    define("sub", &[Any, Any], numbers::sub),
    variadic("subf", &[Any], Any, decimal::sub),
    define("substr", &[Int, Int, Str], text::substr),
    define("swapcase", &[Str], words::swap_case),
    define("ternary", &[Any, Any, Bool], types::ternary),
    define("title", &[Str], case::title),
    define("toDate", &[Str, Str], dates::to_date),
    define("toDecimal", &[Any], cast::to_decimal),
    define("toJson", &[Any], encoding::to_json),
    define("toPrettyJson", &[Any], encoding::to_pretty_json),
    define("toRawJson", &[Any], encoding::to_raw_json),
    define("toString", &[Any], text::to_string),
    define("toStrings", &[Any], lists::to_strings),
    define("trim", &[Str], text::trim),
    define("trimAll", &[Str, Str], text::trim_all),
    define("trimPrefix", &[Str, Str], text::trim_prefix),
    define("trimSuffix", &[Str, Str], text::trim_suffix),
    define("trimall", &[Str, Str], text::trim_all),
    define("trunc", &[Int, Str], text::trunc),
    variadic("tuple", &[], Any, lists::list),
    define("typeIs", &[Str, Any], types::type_is),
    define("typeIsLike", &[Str, Any], types::type_is_like),
    define("typeOf", &[Any], types::type_of),
    define("uniq", &[Any], lists::uniq),
    define("unixEpoch", &[Time], dates::unix_epoch),
    define("unset", &[Dict, Str], dicts::unset),
    define("until", &[Int], numbers::until),
    define("untilStep", &[Int, Int, Int], numbers::until_step),
    define("untitle", &[Str], words::untitle),
    define("upper", &[Str], case::upper),
    define("urlJoin", &[Dict], urls::join),
    define("urlParse", &[Str], urls::parse),
    define("uuidv4", &[], random::uuidv4),
    define("values", &[Dict], dicts::values),
    variadic("without", &[Any], Any, lists::without),
    define("wrap", &[Int, Str], words::wrap),
    define("wrapWith", &[Int, Str, Str], words::wrap_with),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(TABLE.is_sorted_by_key(|definition| definition.name));
    }
}
