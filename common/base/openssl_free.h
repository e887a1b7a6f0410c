// Lets owners free objects of OpenSSL, or of another C library: std::unique_ptr<X,
// openssl::Free<&X_free>>.
#pragma once

namespace lockstep::openssl {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

}  // namespace lockstep::openssl
