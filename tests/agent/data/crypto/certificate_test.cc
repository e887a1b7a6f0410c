// The certificates in data/certificates were made with OpenSSL's command, whose `x509 -text` says
// what is expected of them here.
#include "agent/data/crypto/certificate.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

std::string Pem(absl::string_view name) {
  std::ifstream file(
      absl::StrCat("tests/agent/data/crypto/data/certificates/", std::string(name), ".pem"));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Hex(const CertificateKey& key, absl::string_view name) {
  for (const auto& [known, bytes] : key.numbers) {
    if (known == name) {
      return absl::BytesToHexString(bytes);
    }
  }
  return "(none)";
}

TEST(Certificate, SaysWhoItIsFor) {
  const Certificate read = *ReadCertificate(Pem("rsa"));
  EXPECT_THAT(read.subject.parts,
              ElementsAre(Pair("2.5.4.6", "ZZ"), Pair("2.5.4.8", "Kopuncezis Krais"),
                          Pair("2.5.4.7", "Ashtinok"), Pair("2.5.4.10", "Exemplar GmbH"),
                          Pair("2.5.4.11", "Exemplar Unit"), Pair("2.5.4.11", "Zweite Größe"),
                          Pair("2.5.4.3", "excouncil.example"), Pair("2.5.4.17", "99999"),
                          Pair("2.5.4.9", "221B Baker Street"),
                          Pair("1.2.840.113549.1.9.1", "exemplar@example.com")));
  EXPECT_EQ(read.subject.parts, read.issuer.parts);
  EXPECT_THAT(read.subject.All(kOrganizationalUnit), ElementsAre("Exemplar Unit", "Zweite Größe"));
  EXPECT_EQ("Exemplar Unit", read.subject.First(kOrganizationalUnit));
  EXPECT_EQ("Zweite Größe", read.subject.Last(kOrganizationalUnit));
  EXPECT_EQ("", read.subject.First("1.2.3"));
  EXPECT_EQ("2026-11-28T23:44:37Z", read.not_before);
  EXPECT_EQ("2036-11-25T23:44:37Z", read.not_after);
  EXPECT_THAT(read.alt_names, ElementsAre("a.example", "*.b.example", "x@a.example", "192.0.2.7",
                                          "2001:db8::1", "http://a.example/x"));
  EXPECT_EQ("bcf8865474e03ac195bafb5a88c08db2e3707ffa", absl::BytesToHexString(read.sha1));
}

TEST(Certificate, ShowsKeysOfAllKinds) {
  const Certificate rsa = *ReadCertificate(Pem("rsa"));
  EXPECT_EQ("SHA256-RSA", rsa.signature_algorithm);
  EXPECT_EQ("RSA", rsa.key.algorithm);
  EXPECT_EQ("010001", Hex(rsa.key, "e"));
  EXPECT_THAT(Hex(rsa.key, "n"), StartsWith("e1a8c8614c4161c71ab67f1c2f038325794db860a74ba82b"));

  const Certificate ec = *ReadCertificate(Pem("ec"));
  EXPECT_EQ("ECDSA-SHA384", ec.signature_algorithm);
  EXPECT_EQ("ECDSA", ec.key.algorithm);
  EXPECT_EQ("P-256", ec.key.curve);
  EXPECT_EQ("26dab5b0a6f7193fa6d79474e4274844ecbf6d6d4aed0eb3f80afc6193f0d4a3", Hex(ec.key, "x"));
  EXPECT_EQ("d60070efba19d6557b6133c1da944a7fb4603ef1ab0bee11ea5f282076978612", Hex(ec.key, "y"));
  EXPECT_TRUE(ec.alt_names.empty());

  const Certificate pss = *ReadCertificate(Pem("pss"));
  EXPECT_EQ("SHA512-RSAPSS", pss.signature_algorithm);
  EXPECT_EQ("RSA", pss.key.algorithm);

  const Certificate ed25519 = *ReadCertificate(Pem("ed25519"));
  EXPECT_EQ("Ed25519", ed25519.signature_algorithm);
  EXPECT_EQ("Ed25519", ed25519.key.algorithm);
  EXPECT_EQ("051677a4221df59d670c7d2189bef19d2ca6fc809e63ac0681187dd27badedb5",
            absl::BytesToHexString(ed25519.key.raw));
}

TEST(Certificate, FirstBlockCounts) {
  const std::string two = absl::StrCat("some text\n", Pem("ec"), Pem("rsa"));
  EXPECT_EQ("ec.example", ReadCertificate(two)->subject.First(kCommonName));
}

TEST(Certificate, Mistakes) {
  for (const absl::string_view text : {"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA"}) {
    EXPECT_THAT(ReadCertificate(text).status().message(),
                HasSubstr("failed to decode certificate PEM file"));
  }
  const std::string whole = Pem("ec");
  const std::string key =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n";
  EXPECT_EQ("failed to parse certificate: the first block of the PEM file is a \"PRIVATE KEY\"",
            ReadCertificate(key).status().message());
  // Cut anywhere, it is refused.
  const size_t begin = whole.find('\n') + 1;
  const size_t end = whole.find("-----END");
  const std::string base64 = absl::StrReplaceAll(whole.substr(begin, end - begin), {{"\n", ""}});
  for (size_t size = 0; size < base64.size(); size += 4) {
    const std::string cut = absl::StrCat("-----BEGIN CERTIFICATE-----\n", base64.substr(0, size),
                                         "\n-----END CERTIFICATE-----\n");
    EXPECT_FALSE(ReadCertificate(cut).ok()) << size;
  }
  EXPECT_THAT(ReadCertificate(absl::StrReplaceAll(whole, {{"\n-----END", "AAAA\n-----END"}}))
                  .status()
                  .message(),
              HasSubstr("failed to"));
}

}  // namespace
}  // namespace lockstep::agent
