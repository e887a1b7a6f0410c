#include "coordinator/trust/authority_folder.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/random_bytes.h"
#include "common/base/status_macros.h"
#include "common/base/write_all.h"
#include "common/trust/credentials.h"

namespace lockstep::coordinator {
namespace {

constexpr char kAuthorityKeyFile[] = "ca.key";
constexpr char kIssuedFolder[] = "issued";
constexpr size_t kTokenRandomBytes = 32;
constexpr char kFormer[] = "@";  // between name and time; no name has it

constexpr mode_t kSecret = 0600;
constexpr mode_t kPublic = 0644;

// One that is there already will do: its files are not overwritten.
absl::Status MakeFolder(const std::string& path) {
  return mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? absl::OkStatus()
                                                           : absl::ErrnoToStatus(errno, path);
}

absl::Status MustNotExist(const std::string& path) {
  return access(path.c_str(), F_OK) == 0 ? absl::ErrnoToStatus(EEXIST, path) : absl::OkStatus();
}

// With exactly `mode`. AlreadyExists, naming the file, if there is one.
absl::Status WriteNew(const std::string& path, absl::string_view text, mode_t mode) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  int error = fchmod(file, mode) == 0 ? WriteAll(file, text) : errno;
  if (close(file) != 0 && error == 0) {
    error = errno;
  }
  if (error != 0) {
    unlink(path.c_str());
    return absl::ErrnoToStatus(error, path);
  }
  return absl::OkStatus();
}

std::string Join(const std::string& folder, absl::string_view file) {
  return absl::StrCat(folder, "/", file);
}

// A file that need not exist: empty then.
absl::StatusOr<std::string> ReadIfThere(const std::string& path) {
  absl::StatusOr<std::string> text = ReadTrustFile(path, /*secret=*/false);
  return absl::IsNotFound(text.status()) ? absl::StatusOr<std::string>(std::string()) : text;
}

absl::StatusOr<Credential> ReadAuthority(const std::string& folder) {
  Credential authority;
  LOCKSTEP_ASSIGN_OR_RETURN(authority.certificate,
                            ReadTrustFile(Join(folder, kAuthorityFile), /*secret=*/false));
  LOCKSTEP_ASSIGN_OR_RETURN(authority.key,
                            ReadTrustFile(Join(folder, kAuthorityKeyFile), /*secret=*/true));
  return authority;
}

std::string IssuedPath(const std::string& folder, const std::string& name) {
  return absl::StrCat(folder, "/", kIssuedFolder, "/", name, ".crt");
}

std::vector<std::string> FormerPaths(const std::string& folder, const std::string& name) {
  std::vector<std::string> paths;
  std::error_code ignored;  // without a folder there is none
  for (const auto& entry :
       std::filesystem::directory_iterator(Join(folder, kIssuedFolder), ignored)) {
    if (absl::StartsWith(entry.path().filename().string(), absl::StrCat(name, kFormer))) {
      paths.push_back(entry.path().string());
    }
  }
  return paths;
}

// The file at `path` has this text from one instant on.
absl::Status Replace(const std::string& path, absl::string_view text, mode_t mode) {
  const std::string next = path + ".new";
  unlink(next.c_str());
  LOCKSTEP_RETURN_IF_ERROR(WriteNew(next, text, mode));
  return rename(next.c_str(), path.c_str()) == 0 ? absl::OkStatus()
                                                 : absl::ErrnoToStatus(errno, path);
}

}  // namespace

absl::Status InitAuthority(const std::string& folder, const std::string& name,
                           absl::Duration lifetime, absl::Time now) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Credential authority, MakeAuthority(name, lifetime, now));
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(folder));
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(Join(folder, kIssuedFolder)));
  LOCKSTEP_RETURN_IF_ERROR(WriteNew(Join(folder, kAuthorityKeyFile), authority.key, kSecret));
  LOCKSTEP_RETURN_IF_ERROR(WriteNew(Join(folder, kAuthorityFile), authority.certificate, kPublic));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string nobody, EmptyRevocationList(authority, now));
  LOCKSTEP_RETURN_IF_ERROR(WriteNew(Join(folder, kRevokedFile), nobody, kPublic));
  return WriteNew(Join(folder, kTokenFile),
                  absl::StrCat(absl::BytesToHexString(RandomBytes(kTokenRandomBytes)), "\n"),
                  kSecret);
}

absl::Status IssueInto(const std::string& folder, const std::string& out,
                       const CertificateRequest& request, absl::Time now) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Credential authority, ReadAuthority(folder));
  LOCKSTEP_ASSIGN_OR_RETURN(const Credential issued, Issue(authority, request, now));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string revoked, ReadIfThere(Join(folder, kRevokedFile)));
  std::string token;
  if (request.role != Role::kOperator) {
    LOCKSTEP_ASSIGN_OR_RETURN(token, ReadTrustFile(Join(folder, kTokenFile), /*secret=*/true));
  }
  LOCKSTEP_RETURN_IF_ERROR(MustNotExist(IssuedPath(folder, request.name)));
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(out));
  LOCKSTEP_RETURN_IF_ERROR(WriteNew(Join(out, kAuthorityFile), authority.certificate, kPublic));
  LOCKSTEP_RETURN_IF_ERROR(WriteNew(Join(out, kCertificateFile), issued.certificate, kPublic));
  LOCKSTEP_RETURN_IF_ERROR(WriteNew(Join(out, kKeyFile), issued.key, kSecret));
  if (!token.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(WriteNew(Join(out, kTokenFile), token, kSecret));
  }
  if (!revoked.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(WriteNew(Join(out, kRevokedFile), revoked, kPublic));
  }
  return WriteNew(IssuedPath(folder, request.name), issued.certificate, kPublic);
}

absl::Status RenewIssued(const std::string& folder, const std::string& out, const std::string& name,
                         std::optional<absl::Duration> lifetime, absl::Time now) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Credential authority, ReadAuthority(folder));
  const std::string path = IssuedPath(folder, name);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string former, ReadTrustFile(path, /*secret=*/false));
  LOCKSTEP_ASSIGN_OR_RETURN(CertificateRequest request, RequestOf(former));
  request.lifetime = lifetime.value_or(request.lifetime);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string revoked, ReadIfThere(Join(folder, kRevokedFile)));
  LOCKSTEP_ASSIGN_OR_RETURN(const bool taken_back, IsRevoked(authority, revoked, former, now));
  if (taken_back) {
    return absl::FailedPreconditionError(
        absl::StrCat("the certificate of ", name,
                     " is revoked, and a new one would undo that: issue one "
                     "under another name"));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const Credential issued, Issue(authority, request, now));
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(out));
  const std::string kept =
      absl::StrCat(folder, "/", kIssuedFolder, "/", name, kFormer, absl::ToUnixNanos(now), ".crt");
  LOCKSTEP_RETURN_IF_ERROR(WriteNew(kept, former, kPublic));
  LOCKSTEP_RETURN_IF_ERROR(Replace(path, issued.certificate, kPublic));
  if (request.role != Role::kOperator) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::string token,
                              ReadTrustFile(Join(folder, kTokenFile), /*secret=*/true));
    LOCKSTEP_RETURN_IF_ERROR(Replace(Join(out, kTokenFile), token, kSecret));
  }
  if (!revoked.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(Replace(Join(out, kRevokedFile), revoked, kPublic));
  }
  LOCKSTEP_RETURN_IF_ERROR(Replace(Join(out, kAuthorityFile), authority.certificate, kPublic));
  LOCKSTEP_RETURN_IF_ERROR(Replace(Join(out, kKeyFile), issued.key, kSecret));
  return Replace(Join(out, kCertificateFile), issued.certificate, kPublic);
}

absl::StatusOr<std::string> RevokeIssued(const std::string& folder, const std::string& name,
                                         absl::Time now) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Credential authority, ReadAuthority(folder));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string certificate,
                            ReadTrustFile(IssuedPath(folder, name), /*secret=*/false));
  std::string list = Join(folder, kRevokedFile);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string before, ReadIfThere(list));
  LOCKSTEP_ASSIGN_OR_RETURN(std::string after, Revoke(authority, before, certificate, now));
  for (const std::string& former : FormerPaths(folder, name)) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::string earlier, ReadTrustFile(former, /*secret=*/false));
    absl::StatusOr<std::string> longer = Revoke(authority, after, earlier, now);
    if (longer.ok()) {
      after = *std::move(longer);
    } else if (!absl::IsInvalidArgument(longer.status())) {  // else it is on the list already
      return longer.status();
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(Replace(list, after, kPublic));
  return list;
}

}  // namespace lockstep::coordinator
