#include "coordinator/trust/credential_files.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostBytes = 64 * 1024;  // of a file; a certificate has about 1 KiB

absl::Status WriteNew(const std::string& path, absl::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  int error = fchmod(file, 0600) == 0 ? 0 : errno;
  while (error == 0 && !text.empty()) {
    const ssize_t n = write(file, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (close(file) != 0 && error == 0) {
    error = errno;
  }
  if (error != 0) {
    unlink(path.c_str());
    return absl::ErrnoToStatus(error, path);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSmall(const std::string& path, bool secret) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  struct stat facts = {};
  absl::Status status;
  std::string text(kMostBytes + 1, '\0');
  size_t size = 0;
  if (fstat(file, &facts) != 0) {
    status = absl::ErrnoToStatus(errno, path);
  } else if (secret && (facts.st_mode & 077) != 0) {
    status = absl::PermissionDeniedError(
        absl::StrCat(path, ": others can read this key; make it your own with chmod 600"));
  }
  while (status.ok() && size < text.size()) {
    const ssize_t n = read(file, text.data() + size, text.size() - size);
    if (n == 0) {
      break;
    }
    if (n > 0) {
      size += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      status = absl::ErrnoToStatus(errno, path);
    }
  }
  close(file);
  if (!status.ok()) {
    return status;
  }
  if (size > kMostBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": has more than 64 KiB"));
  }
  text.resize(size);
  return text;
}

}  // namespace

absl::Status WriteCredential(const std::string& folder, const std::string& name,
                             const Credential& credential) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, folder);
  }
  const std::string certificate = absl::StrCat(folder, "/", name, ".pem");
  const std::string key = absl::StrCat(folder, "/", name, ".key");
  if (absl::Status written = WriteNew(key, credential.key); !written.ok()) {
    return written;
  }
  absl::Status written = WriteNew(certificate, credential.certificate);
  if (!written.ok()) {
    unlink(key.c_str());
  }
  return written;
}

absl::StatusOr<Credential> ReadCredential(const std::string& folder, const std::string& name) {
  absl::StatusOr<std::string> certificate =
      ReadSmall(absl::StrCat(folder, "/", name, ".pem"), /*secret=*/false);
  if (!certificate.ok()) {
    return certificate.status();
  }
  absl::StatusOr<std::string> key =
      ReadSmall(absl::StrCat(folder, "/", name, ".key"), /*secret=*/true);
  if (!key.ok()) {
    return key.status();
  }
  return Credential{*std::move(certificate), *std::move(key)};
}

}  // namespace lockstep::coordinator
