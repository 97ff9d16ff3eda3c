//! What Cloudflare's `send_email` binding says of a mail that it does not take.

/// Whether the code of a refusal is about this mail, so that trying again gives the same. A sender that is not verified, a limit and a failure of the service are mended while mail waits.
#[must_use]
pub fn is_final(code: &str) -> bool {
    // The codes are those of "Workers API" in the documentation of Cloudflare's Email Service, and the third what others call the second.
    matches!(
        code,
        "E_RECIPIENT_SUPPRESSED"
            | "E_RECIPIENT_NOT_ALLOWED"
            | "RCPT_NOT_ALLOWED"
            | "E_CONTENT_TOO_LARGE"
            | "E_FIELD_MISSING"
            | "E_TOO_MANY_ATTACHMENTS"
            | "E_TOO_MANY_RECIPIENTS"
            | "E_VALIDATION_ERROR"
    ) || code.starts_with("E_HEADER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_given_up_for_what_is_wrong_about_it_alone() {
        for code in [
            "E_CONTENT_TOO_LARGE",
            "E_FIELD_MISSING",
            "E_HEADERS_TOO_LARGE",
            "E_HEADERS_TOO_MANY",
            "E_HEADER_NAME_INVALID",
            "E_HEADER_NOT_ALLOWED",
            "E_HEADER_USE_API_FIELD",
            "E_HEADER_VALUE_INVALID",
            "E_HEADER_VALUE_TOO_LONG",
            "E_RECIPIENT_NOT_ALLOWED",
            "E_RECIPIENT_SUPPRESSED",
            "E_VALIDATION_ERROR",
            "RCPT_NOT_ALLOWED",
        ] {
            assert!(is_final(code), "{code}");
        }
        for code in [
            "",
            "E_DAILY_LIMIT_EXCEEDED",
            "E_DELIVERY_FAILED",
            "E_INTERNAL_SERVER_ERROR",
            "E_RATE_LIMIT_EXCEEDED",
            "E_SENDER_DOMAIN_NOT_AVAILABLE",
            "E_SENDER_NOT_VERIFIED",
        ] {
            assert!(!is_final(code), "{code}");
        }
    }
}
