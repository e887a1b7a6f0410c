// Content codings: what `params.compression` asks for on the way out and what servers do on the way
// in. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

enum class Coding { kGzip, kDeflate, kBrotli, kZstd };

// "gzip", "deflate" (the zlib format, as HTTP means it), "br", "zstd".
const char* CodingName(Coding coding);

// A comma-separated list, in the order in which it is applied. InvalidArgument: `unknown
// compression algorithm x`.
absl::StatusOr<std::vector<Coding>> ParseCodings(absl::string_view list);

// Applies one coding.
std::string Compress(Coding coding, absl::string_view data);

// Undoes one coding. InvalidArgument: the data is not of that coding or ends early;
// ResourceExhausted: the result would be longer than `max_bytes`. "deflate" also takes data without
// the zlib header, which some servers send.
absl::StatusOr<std::string> Decompress(Coding coding, absl::string_view data, int64_t max_bytes);

// Those of a Content-Encoding header, in its order and without "identity"; nothing: it has a name
// that we do not know.
std::optional<std::vector<Coding>> ContentCodings(absl::string_view content_encoding);

// Undoes all codings of a Content-Encoding header, last first. A list with a name we do not know
// leaves the data as it is, as k6 does. Errors as Decompress.
absl::StatusOr<std::string> DecodeContent(absl::string_view content_encoding, std::string data,
                                          int64_t max_bytes);

}  // namespace lockstep::agent
