#include "common/trust/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/trust/authority.h"
#include "tests/common/trust/dates.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

class CertificateTest : public ::testing::Test {
 protected:
  static Credential Make(const Credential& ca, Role role, const std::string& name) {
    return Issue(ca,
                 {.role = role,
                  .name = name,
                  .hosts = {"load.example", "10.0.0.7"},
                  .lifetime = 30 * kDay},
                 kNow)
        .value();
  }
  absl::Status Check(const std::string& pem, std::initializer_list<Role> roles,
                     absl::Time now = kNow) const {
    return CheckCertificate(pem, {ca_.certificate, revoked_}, roles, now).status();
  }

  const Credential ca_ = MakeAuthority("fleet", 365 * kDay, kNow).value();
  const Credential agent_ = Make(ca_, Role::kAgent, "a1");
  const Credential coordinator_ = Make(ca_, Role::kCoordinator, "c1");
  std::string revoked_;
};

TEST_F(CertificateTest, TellsWhoItIs) {
  const absl::StatusOr<PeerIdentity> identity =
      CheckCertificate(agent_.certificate, {ca_.certificate, ""}, {Role::kAgent}, kNow);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->name, "a1");
  EXPECT_EQ(identity->role, Role::kAgent);
  EXPECT_EQ(identity->fingerprint.size(), 32u);
}

TEST_F(CertificateTest, RefusesWhatIsExpiredForeignRevokedOrNone) {
  EXPECT_EQ(Check(agent_.certificate, {Role::kAgent}, kNow + 31 * kDay).message(),
            "the certificate of 'a1': expired on 2027-02-14 08:00:00Z");
  EXPECT_THAT(Check(agent_.certificate, {Role::kAgent}, kNow - kDay).message(),
              HasSubstr("not valid before 2027-01-15 07:55:00Z"));
  const Credential foreign =
      Make(MakeAuthority("fleet", 365 * kDay, kNow).value(), Role::kAgent, "a1");
  EXPECT_EQ(Check(foreign.certificate, {Role::kAgent}).message(),
            "the certificate of 'a1': not signed by this fleet's authority");
  EXPECT_EQ(Check("garbage", {Role::kAgent}).message(), "no certificate");
  revoked_ = Revoke(ca_, "", agent_.certificate, kNow).value();
  EXPECT_EQ(Check(agent_.certificate, {Role::kAgent}).message(),
            "the certificate of 'a1': revoked");
  EXPECT_TRUE(Check(coordinator_.certificate, {Role::kCoordinator}).ok());
}

TEST_F(CertificateTest, RefusesAnotherRole) {
  const absl::Status status = Check(agent_.certificate, {Role::kCoordinator, Role::kOperator});
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(
      status.message(),
      "the certificate of 'a1': its organisational unit (OU) is 'agent': expected coordinator "
      "or operator");
}

TEST_F(CertificateTest, RefusesARevocationListThatIsNoneRatherThanBelievingEverybody) {
  revoked_ = "garbage";
  EXPECT_EQ(Check(agent_.certificate, {Role::kAgent}).message(),
            "the revocation list is not a PEM revocation list");
}

TEST_F(CertificateTest, IsForItsHostsAlone) {
  EXPECT_TRUE(CheckHost(coordinator_.certificate, "load.example").ok());
  EXPECT_TRUE(CheckHost(coordinator_.certificate, "10.0.0.7").ok());
  EXPECT_EQ(CheckHost(coordinator_.certificate, "10.0.0.8").message(),
            "the certificate of 'c1': not made for host 10.0.0.8");
  EXPECT_FALSE(CheckHost(coordinator_.certificate, "load.example.org").ok());
  EXPECT_FALSE(CheckHost(coordinator_.certificate, "c1").ok());
  EXPECT_FALSE(CheckHost(agent_.certificate, "a1").ok());  // its common name, and it has no hosts
}

TEST_F(CertificateTest, HasOneKey) {
  EXPECT_TRUE(CheckKey(agent_.certificate, agent_.key).ok());
  EXPECT_EQ(CheckKey(agent_.certificate, coordinator_.key).message(),
            "the key of another certificate");
  EXPECT_EQ(CheckKey(agent_.certificate, "x").message(), "no PEM private key without a passphrase");
}

}  // namespace
}  // namespace lockstep
