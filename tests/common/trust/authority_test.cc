#include "common/trust/authority.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/common/trust/dates.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct FreeX509 {
  void operator()(X509* x) const { X509_free(x); }
};
using Certificate = std::unique_ptr<X509, FreeX509>;

Certificate Parse(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate parsed(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return parsed;
}

// What OpenSSL's verification says of `leaf` for `purpose` at `when`: X509_V_OK or its error.
int Verify(const Credential& ca, const Credential& leaf, int purpose, absl::Time when) {
  const Certificate root = Parse(ca.certificate), end = Parse(leaf.certificate);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, end.get(), nullptr);
  X509_STORE_CTX_set_purpose(context, purpose);
  X509_STORE_CTX_set_time(context, 0, absl::ToTimeT(when));
  X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
  X509_verify_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return error;
}

Credential Ca(absl::Duration lifetime = 365 * kDay) {
  return MakeAuthority("fleet-ca", lifetime, kNow).value();
}

TEST(Authority, CoordinatorMayServeUnderItsNamesAndNoOthersAndIsNoClient) {
  const Credential ca = Ca();
  const Credential leaf = Issue(ca,
                                {.role = Role::kCoordinator,
                                 .name = "c1",
                                 .hosts = {"load.example", "10.0.0.7", "::1"},
                                 .lifetime = 90 * kDay},
                                kNow)
                              .value();
  EXPECT_EQ(Verify(ca, leaf, X509_PURPOSE_SSL_SERVER, kNow), X509_V_OK);
  EXPECT_EQ(Verify(ca, leaf, X509_PURPOSE_SSL_CLIENT, kNow), X509_V_ERR_INVALID_PURPOSE);
  const Certificate parsed = Parse(leaf.certificate);
  EXPECT_EQ(X509_check_host(parsed.get(), "load.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(parsed.get(), "other.example", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(parsed.get(), "10.0.0.7", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(parsed.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(parsed.get(), "10.0.0.8", 0), 0);
}

TEST(Authority, ANameThatIsGivenTwiceIsInTheCertificateOnce) {
  const Credential leaf = Issue(Ca(),
                                {.role = Role::kCoordinator,
                                 .name = "c1",
                                 .hosts = {"load.example", "10.0.0.7", "load.example"},
                                 .lifetime = 90 * kDay},
                                kNow)
                              .value();
  const Certificate parsed = Parse(leaf.certificate);
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(parsed.get(), NID_subject_alt_name, nullptr, nullptr));
  EXPECT_EQ(sk_GENERAL_NAME_num(names), 2);
  GENERAL_NAMES_free(names);
}

TEST(Authority, AgentMayNotServeAndSaysItsRole) {
  const Credential ca = Ca();
  const Credential leaf =
      Issue(ca, {.role = Role::kAgent, .name = "a1", .lifetime = 30 * kDay}, kNow).value();
  EXPECT_EQ(Verify(ca, leaf, X509_PURPOSE_SSL_CLIENT, kNow), X509_V_OK);
  EXPECT_EQ(Verify(ca, leaf, X509_PURPOSE_SSL_SERVER, kNow), X509_V_ERR_INVALID_PURPOSE);
  const Certificate parsed = Parse(leaf.certificate);
  char unit[32] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(parsed.get()), NID_organizationalUnitName, unit,
                            sizeof unit);
  EXPECT_STREQ(unit, "agent");
}

TEST(Authority, CertificateHoldsFromNowToItsLifetime) {
  const Credential ca = Ca();
  const Credential leaf = Issue(ca, {.name = "a1", .lifetime = 30 * kDay}, kNow).value();
  const auto at = [&](absl::Duration d) {
    return Verify(ca, leaf, X509_PURPOSE_SSL_CLIENT, kNow + d);
  };
  EXPECT_EQ(at(30 * kDay - absl::Seconds(1)), X509_V_OK);
  EXPECT_EQ(at(30 * kDay + absl::Seconds(1)), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(at(-absl::Minutes(4)), X509_V_OK);  // a machine whose clock is behind a little
  EXPECT_NE(at(-absl::Minutes(6)), X509_V_OK);
}

TEST(Authority, CertificateEndsWithItsAuthority) {
  const Credential ca = Ca(10 * kDay);
  const Credential leaf = Issue(ca, {.name = "a1", .lifetime = 90 * kDay}, kNow).value();
  EXPECT_EQ(ASN1_TIME_compare(X509_get0_notAfter(Parse(leaf.certificate).get()),
                              X509_get0_notAfter(Parse(ca.certificate).get())),
            0);
}

TEST(Authority, AnotherAuthoritysCertificateIsForeign) {
  const Credential leaf = Issue(Ca(), {.name = "a1", .lifetime = kDay}, kNow).value();
  EXPECT_NE(Verify(Ca(), leaf, X509_PURPOSE_SSL_CLIENT, kNow), X509_V_OK);
}

TEST(Authority, AllMistakesAreNamedAtOnce) {
  const absl::Status status = Issue(Ca(),
                                    {.role = Role::kCoordinator,
                                     .name = "a b",
                                     .hosts = {"x,DNS:evil.example"},
                                     .lifetime = absl::Hours(1)},
                                    kNow)
                                  .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("name: invalid value 'a b'"), HasSubstr("lifetime: invalid value 1h"),
                    HasSubstr("host: invalid value 'x,DNS:evil.example'")));
  EXPECT_THAT(
      std::string(Issue(Ca(), {.role = Role::kCoordinator, .name = "c", .lifetime = kDay}, kNow)
                      .status()
                      .message()),
      HasSubstr("host: missing"));
}

TEST(Authority, SignsNothingWithAWrongExpiredOrSubordinateAuthority) {
  const Credential ca = Ca(10 * kDay);
  const CertificateRequest request{.name = "a1", .lifetime = kDay};
  const auto refusal = [&](const Credential& with, absl::Time when) {
    return std::string(Issue(with, request, when).status().message());
  };
  EXPECT_EQ(refusal({"nonsense", ca.key}, kNow),
            "the authority's certificate is not a PEM certificate");
  EXPECT_EQ(refusal({ca.certificate, "nonsense"}, kNow),
            "the authority's key is not a PEM private key");
  EXPECT_EQ(refusal({ca.certificate, Ca().key}, kNow),
            "the authority's key is not its certificate's");
  EXPECT_EQ(refusal(ca, kNow + 11 * kDay), "the authority's certificate has expired");
  EXPECT_EQ(refusal(Issue(ca, request, kNow).value(), kNow),
            "the authority's certificate may not sign others");
}

TEST(Authority, RevokesItsOwnCertificatesOnceEach) {
  const Credential ca = Ca();
  const Credential a = Issue(ca, {.name = "a1", .lifetime = kDay}, kNow).value();
  const Credential b = Issue(ca, {.name = "a2", .lifetime = kDay}, kNow).value();
  const std::string first = Revoke(ca, "", a.certificate, kNow).value();
  const std::string both = Revoke(ca, first, b.certificate, kNow).value();
  EXPECT_EQ(Revoke(ca, both, a.certificate, kNow).status().message(),
            "the certificate is revoked already");
  EXPECT_EQ(Revoke(ca, "", Issue(Ca(), {.name = "a1", .lifetime = kDay}, kNow)->certificate, kNow)
                .status()
                .message(),
            "no certificate that this authority has signed");
  EXPECT_EQ(Revoke(ca, "nonsense", b.certificate, kNow).status().message(),
            "the revocation list is not a PEM revocation list");
}

}  // namespace
}  // namespace lockstep
