#include "common/base/program_pages.h"

#include <cstddef>
#include <cstdint>

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace lockstep {

void GiveBackProgramPages() {
  const auto give_back = [](dl_phdr_info* object, size_t /*size*/, void* /*context*/) {
    static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = object->dlpi_phdr[i];
      // What may be written, relocations too, is in no file.
      if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0) {
        const uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
        const uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells where it is as a number
        madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
      }
    }
    return 0;
  };
  dl_iterate_phdr(give_back, nullptr);
}

}  // namespace lockstep
