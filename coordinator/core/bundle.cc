#include "coordinator/core/bundle.h"

#include <utility>

#include "common/base/content_hash.h"

namespace lockstep::coordinator {

void Bundle::Add(const std::string& url, std::string content) {
  missing_.erase(url);
  File& file = files_[url];
  size_bytes_ += static_cast<int64_t>(content.size()) - static_cast<int64_t>(file.content.size());
  file.sha256 = Sha256(content);
  file.content = std::move(content);
}

void Bundle::AddMissing(const std::string& url, absl::Status why) {
  missing_[url] = std::move(why);
}

const std::string* Bundle::Find(const std::string& url) const {
  auto found = files_.find(url);
  return found == files_.end() ? nullptr : &found->second.content;
}

void Bundle::ForEach(
    absl::FunctionRef<void(const std::string& url, const std::string& content)> visit) const {
  for (const auto& [url, file] : files_) {
    visit(url, file.content);
  }
}

void Bundle::ForEachMissing(
    absl::FunctionRef<void(const std::string& url, const absl::Status& why)> visit) const {
  for (const auto& [url, why] : missing_) {
    visit(url, why);
  }
}

void Bundle::Describe(v1::Assign* assign) const {
  BundleHash hash;
  for (const auto& [url, file] : files_) {
    v1::BundleFile& entry = *assign->add_files();
    entry.set_url(url);
    entry.set_size_bytes(static_cast<int64_t>(file.content.size()));
    entry.set_sha256(file.sha256);
    hash.Add(url, entry.size_bytes(), file.sha256);
  }
  assign->set_bundle_sha256(hash.Digest());
  for (const auto& [url, why] : missing_) {
    v1::MissingFile& entry = *assign->add_missing_files();
    entry.set_url(url);
    entry.set_error_code(static_cast<int32_t>(why.code()));
    entry.set_error(std::string(why.message()));
  }
}

}  // namespace lockstep::coordinator
