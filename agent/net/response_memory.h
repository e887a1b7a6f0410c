// What responses have been read into, kept for the next ones of the same loop: those of all its VUs
// use the same few pieces of memory, which are in the processor's caches.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/http/message.h"

namespace lockstep::agent {

// Loop thread.
class ResponseMemory {
 public:
  // So many are kept, as a turn of the loop may read.
  static constexpr size_t kMostKept = 64;
  // Bodies that have taken more are not kept.
  static constexpr size_t kMostBodyBytes = 64 << 10;

  // Gives the headers and the body of `response`, which are to be written anew, memory, if there is
  // some. The headers have what was in them then.
  void Lend(HttpResponse& response);
  // Takes the memory of a response that nobody needs any more.
  void TakeBack(HttpResponse& response);

 private:
  struct Kept {
    HeaderList headers;
    std::string body;
  };
  std::vector<Kept> kept_;
};

}  // namespace lockstep::agent
