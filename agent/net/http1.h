// HTTP/1.1 as it stands on a connection: the text of a request's head, and what the bytes of an
// answer mean (RFC 9112). Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "agent/net/response_reader.h"

namespace lockstep::agent {

// Appends the request line and the header lines, with the empty line that ends them, and the empty
// body's last chunk where there is one. `close`: the connection is for this request only.
void AppendRequestHead(const HttpRequest& request, bool close, std::string* out);

// Whether a request of these headers wants its connection to be closed.
bool AsksToClose(const HeaderList& headers);

// Takes an answer as it comes and hands its parts to a ResponseReader. Interim answers (1xx) are
// passed over; trailers are read and dropped.
class Http1Reader {
 public:
  // A head with the interim ones before it, as k6 takes it; and the line that says a chunk's size.
  static constexpr size_t kMaxHeadBytes = size_t{10} << 20;
  static constexpr size_t kMaxChunkLineBytes = size_t{100} << 10;

  // `response` is what `reader` fills.
  Http1Reader(HttpResponse& response, ResponseReader& reader)
      : response_(response), reader_(reader) {}

  // Asks for the memory that an answer is going to fill.
  void PrefetchParts() const;
  // For the answer to a request; `head_only`: nothing follows the head of it.
  void Start(bool head_only);
  // Takes what has come and returns how much of it belongs to the answer: all, unless it is over.
  size_t Feed(absl::string_view bytes);
  // The peer has ended the connection. What it makes of the answer is in `over` and `error`.
  void FeedEnd();

  // A byte of an answer has come.
  bool begun() const { return begun_; }
  // The head is complete, and a body has begun.
  bool in_body() const { return part_ >= Part::kLength && part_ <= Part::kTrailer; }
  // The answer is complete, or in error.
  bool over() const { return part_ == Part::kDone || part_ == Part::kFailed; }
  bool complete() const { return part_ == Part::kDone; }
  // Code 0: none.
  const HttpError& error() const { return error_; }
  // Over, as the reader has refused a piece of the body.
  bool refused() const { return part_ == Part::kFailed && error_.code == 0; }
  // The connection may be used again. Of a complete answer.
  bool keeps_alive() const { return keeps_alive_; }

 private:
  enum class Part {
    kStatusLine,
    kFields,
    kLength,
    kUntilEnd,
    kChunkSize,
    kChunk,
    kChunkEnd,
    kTrailer,
    kDone,
    kFailed
  };

  // The next line without its end, taken from the front of `bytes`; false if it is not complete.
  bool TakeLine(absl::string_view* bytes, absl::string_view* line);
  void OnLine(absl::string_view line);
  void OnStatusLine(absl::string_view line);
  void OnField(absl::string_view line);
  void OnFramingField(absl::string_view name, absl::string_view value);
  void OnHeadEnd();
  void OnChunkSize(absl::string_view line);
  void TakeBody(absl::string_view* bytes);
  void Fail(HttpError error);
  void FailMalformed();

  HttpResponse& response_;
  ResponseReader& reader_;
  bool head_only_ = false;
  Part part_ = Part::kDone;
  bool begun_ = false;
  bool keeps_alive_ = false;
  bool chunked_ = false;
  int64_t length_ = -1;  // as announced; -1: not
  int64_t left_ = 0;     // of the body or chunk
  size_t head_bytes_ = 0;
  std::string kept_;  // the beginning of a line whose end has not come
  std::string line_;  // such a line, complete
  HttpError error_;
};

}  // namespace lockstep::agent
