#include "common/trust/credentials.h"

#include <vector>

#include <sys/stat.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/read_file.h"
#include "common/base/status_macros.h"

namespace lockstep {
namespace {

constexpr size_t kMostBytes = 64 * 1024;  // of a file; a certificate has about 1 KiB

// Reads the parts one by one and collects what is wrong.
class CredentialReader {
 public:
  CredentialReader(const std::string& folder, const Environment& environment)
      : folder_(folder), environment_(environment) {}

  struct Part {
    const char* file;
    const char* variable;
    bool secret = false;
    bool optional = false;
  };

  std::string Read(const Part& part) {
    if (const auto found = environment_.find(part.variable);
        found != environment_.end() && !found->second.empty()) {
      return found->second;
    }
    if (folder_.empty()) {
      if (!part.optional) {
        Wrong(absl::StrCat(part.variable, ": not set, and there is no folder of credentials"));
      }
      return "";
    }
    absl::StatusOr<std::string> text = ReadTrustFile(PathOf(part.file), part.secret);
    if (text.ok()) {
      return *std::move(text);
    }
    if (!part.optional || !absl::IsNotFound(text.status())) {
      Wrong(std::string(text.status().message()));
    }
    return "";
  }

  // Where `part` came from, for messages.
  std::string SourceOf(const Part& part) const {
    const auto found = environment_.find(part.variable);
    return found != environment_.end() && !found->second.empty() ? part.variable
                                                                 : PathOf(part.file);
  }

  // The file that `part` came from; empty: none.
  std::string FileOf(const Part& part) const {
    const std::string source = SourceOf(part);
    return folder_.empty() || source == part.variable ? "" : source;
  }

  void Wrong(std::string what) { wrong_.push_back(std::move(what)); }
  bool all_read() const { return wrong_.empty(); }
  absl::Status status() const {
    return wrong_.empty() ? absl::OkStatus()
                          : absl::InvalidArgumentError(absl::StrJoin(wrong_, "\n"));
  }

 private:
  std::string PathOf(const char* file) const { return absl::StrCat(folder_, "/", file); }

  const std::string& folder_;
  const Environment& environment_;
  std::vector<std::string> wrong_;
};

constexpr CredentialReader::Part kAuthority = {kAuthorityFile, "LOCKSTEP_TLS_CA"};
constexpr CredentialReader::Part kCertificate = {kCertificateFile, "LOCKSTEP_TLS_CERT"};
constexpr CredentialReader::Part kKey = {kKeyFile, "LOCKSTEP_TLS_KEY", /*secret=*/true};
constexpr CredentialReader::Part kToken = {kTokenFile, "LOCKSTEP_TOKEN", /*secret=*/true};
constexpr CredentialReader::Part kRevoked = {kRevokedFile, "LOCKSTEP_TLS_REVOKED",
                                             /*secret=*/false, /*optional=*/true};

}  // namespace

absl::StatusOr<Credentials> ReadCredentials(const std::string& folder,
                                            const Environment& environment, Role role,
                                            absl::Time now) {
  CredentialReader reader(folder, environment);
  Credentials credentials;
  credentials.anchors.authority = reader.Read(kAuthority);
  credentials.anchors.revoked = reader.Read(kRevoked);
  credentials.certificate = reader.Read(kCertificate);
  credentials.key = reader.Read(kKey);
  // The credentials of another role may have no token; what is wrong with them is the role.
  absl::StatusOr<PeerIdentity> self =
      CheckCertificate(credentials.certificate, credentials.anchors, {role}, now);
  const bool has_token = role != Role::kOperator && !absl::IsPermissionDenied(self.status());
  if (has_token) {
    credentials.token = std::string(absl::StripAsciiWhitespace(reader.Read(kToken)));
  }
  if (!reader.all_read()) {
    return reader.status();
  }
  credentials.authority_file = reader.FileOf(kAuthority);
  credentials.revoked_file = reader.FileOf(kRevoked);
  TrustAnchors unrevoked = credentials.anchors;
  unrevoked.revoked.clear();
  if (const absl::Status usable = CheckAnchors(unrevoked); !usable.ok()) {
    reader.Wrong(absl::StrCat(reader.SourceOf(kAuthority), ": ", usable.message()));
    return reader.status();
  }
  if (const absl::Status usable = CheckAnchors(credentials.anchors); !usable.ok()) {
    reader.Wrong(absl::StrCat(reader.SourceOf(kRevoked), ": ", usable.message()));
    return reader.status();
  }
  if (self.ok()) {
    credentials.self = *std::move(self);
  } else {
    reader.Wrong(absl::StrCat(reader.SourceOf(kCertificate), ": ", self.status().message()));
  }
  if (absl::Status fits = CheckKey(credentials.certificate, credentials.key); !fits.ok()) {
    reader.Wrong(absl::StrCat(reader.SourceOf(kKey), ": ", fits.message()));
  }
  if (has_token && (credentials.token.size() < kFewestTokenBytes ||
                    credentials.token.size() > kMostTokenBytes)) {
    reader.Wrong(absl::StrCat(reader.SourceOf(kToken), ": has ", credentials.token.size(),
                              " characters: expected ", kFewestTokenBytes, " to ",
                              kMostTokenBytes));
  }
  if (!reader.all_read()) {
    return reader.status();
  }
  return credentials;
}

absl::StatusOr<TrustAnchors> RereadAnchors(const Credentials& credentials) {
  TrustAnchors anchors = credentials.anchors;
  if (!credentials.authority_file.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(anchors.authority,
                              ReadTrustFile(credentials.authority_file, /*secret=*/false));
  }
  if (!credentials.revoked_file.empty()) {
    absl::StatusOr<std::string> list = ReadTrustFile(credentials.revoked_file, /*secret=*/false);
    if (list.ok()) {
      anchors.revoked = *std::move(list);
    } else if (!absl::IsNotFound(list.status()) || !anchors.revoked.empty()) {
      return list.status();
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckAnchors(anchors));
  return anchors;
}

absl::StatusOr<std::optional<Credentials>> ChooseCredentials(bool insecure,
                                                             const std::string& folder,
                                                             const Environment& environment,
                                                             Role role, absl::Time now) {
  const bool from_variables = environment.contains(kCertificate.variable);
  if (insecure && !folder.empty()) {
    return absl::InvalidArgumentError(
        "--insecure and --credentials, or the variables in their stead: one excludes the other; take "
        "one away");
  }
  if (insecure) {
    return std::nullopt;
  }
  if (folder.empty() && !from_variables) {
    return absl::InvalidArgumentError(
        "--credentials: missing: give the folder that `lockstep certs` made (or "
        "LOCKSTEP_CREDENTIALS, or LOCKSTEP_TLS_CERT and its kin), or --insecure for plain text "
        "without authentication");
  }
  return ReadCredentials(folder, environment, role, now);
}

absl::StatusOr<std::string> ReadTrustFile(const std::string& path, bool secret) {
  struct stat facts = {};
  if (secret && stat(path.c_str(), &facts) == 0 && (facts.st_mode & S_IROTH) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": everybody can read this secret; take that away with chmod o="));
  }
  absl::StatusOr<std::string> text = ReadFile(path, kMostBytes);
  if (absl::IsResourceExhausted(text.status())) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": has more than 64 KiB"));
  }
  return text.ok() ? text
                   : absl::Status(text.status().code(),
                                  absl::StrCat(path, ": ", text.status().message()));
}

}  // namespace lockstep
