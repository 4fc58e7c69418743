"""Keys, tokens and certificates that tell by their form what they are."""

import re

from tierwise.data.sensitive.rule import NumberRule, Rule, RunRule, WordRule, kind_of

_SECRET = kind_of("secret")
# What must not stand before a token: with it, one run of characters is tried once.
_BEGIN = r"(?<![A-Za-z0-9])"

# Prefixes that their issuers publish, in lower case.
_LONG = (
    "sk-", "sk_", "pk_live_", "pk_test_", "pk-lf-", "rk_", "rk-", "tw-", "github_pat_",
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_",
    "glpat-", "gldt-", "glft-", "glrt-", "glcbt-", "glptt-", "gloas-", "glsoat-", "glimt-", "glagent-",
    "xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "hf_", "npm_", "pypi-", "whsec_",
    "sq0csp-", "sq0atp-", "dop_v1_", "doo_v1_", "dor_v1_", "shpat_", "shpss_", "shpca_", "shppa_", "lin_api_", "ntn_",
    "dapi", "hvs.", "hvb.", "hvr.", "dp.pt.", "dp.st.", "pmak-", "glsa_", "glc_", "nrak-", "nrii-", "pscale_tkn_",
    "pscale_pw_", "figd_", "dckr_pat_", "rubygems_", "r8_", "gsk_", "xai-", "pplx-", "fw_", "lsv2_", "gocspx-", "ya29.",
    "age-secret-key-", "sntrys_", "sntryu_", "atatt3", "ap_sk_", "key-", "sbp_", "vercel_", "tfp_", "eaaa", "fio-u-",
    "phc_", "phx_", "tvly-", "nvapi-", "csk-", "jina_", "aiza",
)  # fmt: skip
_MIN_CHARS = 16

TOKEN_RULES: tuple[Rule, ...] = (
    WordRule(
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----))*+"
            r"(?:-----END [A-Z0-9 ]{0,40}-----)?",
            re.IGNORECASE,
        ),
        _SECRET,
        ("-----begin ",),
    ),
    RunRule(re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+){0,3}", re.ASCII), _SECRET),
    RunRule(
        re.compile(
            rf"{_BEGIN}(?:{'|'.join(map(re.escape, _LONG))})(?=[\w-]*\d|[\w.-]{{32}})[\w-]{{{_MIN_CHARS},}}+",
            re.ASCII | re.IGNORECASE,
        ),
        _SECRET,
    ),
    RunRule(
        re.compile(
            rf"{_BEGIN}(?:SG\.[\w-]{{16,64}}\.[\w-]{{16,}}+|(?:AC|SK)[0-9a-f]{{32}}(?![A-Za-z0-9])"
            r"|(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9]))",
            re.ASCII,
        ),
        _SECRET,
    ),
    NumberRule(  # Telegram: the bot's number, then its token
        re.compile(r"(?<![\w-])\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])", re.ASCII),
        _SECRET,
        re.compile(rb"0(?<!00)0{7,9}:"),
        gate=(b"00000000:",),
    ),
    WordRule(
        re.compile(r"(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks"
            r"|webhook\.office\.com/webhookb2)/[^\s\"'<>)]{8,}+",
            re.IGNORECASE,
),
        _SECRET,
        ("hooks.slack.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "webhook.office.com/"),
        ("hook",),
    ),
)  # fmt: skip
