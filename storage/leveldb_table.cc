/* leveldb_table.cc: see leveldb_table.h. The only C++ of the daemon. */
#include "storage/leveldb_table.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <leveldb/cache.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/table.h>
#include <leveldb/table_builder.h>

using leveldb::Slice;
using leveldb::Status;

namespace
{
Slice slice(ldb_slice s)
{
    return Slice(static_cast<const char *>(s.p), s.n);
}

ldb_slice slice(const Slice &s)
{
    return {s.data(), s.size()};
}

void put_status(const Status &s, ldb_status *ret)
{
    ret->code = s.ok() ? LDB_OK : s.IsIOError() ? LDB_IO : LDB_CORRUPT;
    snprintf(ret->text, sizeof ret->text, "%s", s.ok() ? "" : s.ToString().c_str());
}

Status status_of(ldb_code code, const char *text)
{
    if (code == LDB_OK)
        return Status::OK();
    return code == LDB_IO ? Status::IOError(text) : Status::Corruption(text);
}

class Output : public leveldb::WritableFile
{
  public:
    Output(ldb_append append, void *arg) : append_(append), arg_(arg)
    {
    }
    Status Append(const Slice &data) override
    {
        char text[320] = "";
        return status_of(append_(arg_, data.data(), data.size(), text, sizeof text), text);
    }
    Status Close() override
    {
        return Status::OK();
    }
    Status Flush() override
    {
        return Status::OK();
    }
    Status Sync() override
    {
        return Status::OK();
    }

  private:
    ldb_append append_;
    void *arg_;
};

class Input : public leveldb::RandomAccessFile
{
  public:
    Input(ldb_read read, void *arg, uint64_t size) : read_(read), arg_(arg), size_(size)
    {
    }
    Status Read(uint64_t offset, size_t n, Slice *result, char *scratch) const override
    {
        char text[320] = "";
        *result = Slice(scratch, 0);
        if (offset > size_ || n > size_ - offset)
            return Status::Corruption("block lies outside the file");
        Status s = status_of(read_(arg_, offset, scratch, n, text, sizeof text), text);
        if (s.ok())
            *result = Slice(scratch, n);
        return s;
    }

  private:
    ldb_read read_;
    void *arg_;
    uint64_t size_;
};
} // namespace

struct ldb_cache {
    leveldb::Cache *cache;
};

struct ldb_builder {
    Output file;
    leveldb::TableBuilder builder;
    bool finished = false;
    ldb_builder(ldb_append append, void *arg, const leveldb::Options &o)
        : file(append, arg), builder(o, &file)
    {
    }
};

struct ldb_table {
    Input file;
    leveldb::Table *table = nullptr;
    ldb_table(ldb_read read, void *arg, uint64_t size) : file(read, arg, size)
    {
    }
    ~ldb_table()
    {
        delete table;
    }
};

struct ldb_iter {
    leveldb::Iterator *it;
};

struct ldb_bloom {
    const leveldb::FilterPolicy *policy;
};

ldb_cache *ldb_cache_new(size_t size)
{
    return new ldb_cache{leveldb::NewLRUCache(size)};
}

void ldb_cache_free(ldb_cache *c)
{
    if (c)
        delete c->cache;
    delete c;
}

ldb_builder *ldb_builder_new(ldb_append append, void *arg, bool snappy)
{
    leveldb::Options o;
    o.compression = snappy ? leveldb::kSnappyCompression : leveldb::kNoCompression;
    return new ldb_builder(append, arg, o);
}

void ldb_builder_add(ldb_builder *b, ldb_slice key, ldb_slice value, ldb_status *ret)
{
    b->builder.Add(slice(key), slice(value));
    put_status(b->builder.status(), ret);
}

void ldb_builder_flush(ldb_builder *b)
{
    b->builder.Flush();
}

void ldb_builder_finish(ldb_builder *b, uint64_t *ret_size, ldb_status *ret)
{
    b->finished = true;
    put_status(b->builder.Finish(), ret);
    *ret_size = b->builder.FileSize();
}

void ldb_builder_free(ldb_builder *b)
{
    if (b && !b->finished)
        b->builder.Abandon();
    delete b;
}

ldb_table *ldb_table_open(ldb_read read, void *arg, uint64_t size, ldb_cache *cache,
                          ldb_status *ret)
{
    ldb_table *t = new ldb_table(read, arg, size);
    leveldb::Options o;
    o.block_cache = cache ? cache->cache : nullptr;
    o.paranoid_checks = true; /* checks the footer's and the index's checksums */
    put_status(leveldb::Table::Open(o, &t->file, size, &t->table), ret);
    if (ret->code == LDB_OK)
        return t;
    delete t;
    return nullptr;
}

void ldb_table_free(ldb_table *t)
{
    delete t;
}

uint64_t ldb_table_offset(const ldb_table *t, ldb_slice key)
{
    return t->table->ApproximateOffsetOf(slice(key));
}

ldb_iter *ldb_iter_new(const ldb_table *t)
{
    leveldb::ReadOptions o;
    o.verify_checksums = true;
    return new ldb_iter{t->table->NewIterator(o)};
}

void ldb_iter_free(ldb_iter *it)
{
    if (it)
        delete it->it;
    delete it;
}

void ldb_iter_seek(ldb_iter *it, ldb_slice key)
{
    it->it->Seek(slice(key));
}

void ldb_iter_seek_last(ldb_iter *it)
{
    it->it->SeekToLast();
}

void ldb_iter_next(ldb_iter *it)
{
    it->it->Next();
}

void ldb_iter_prev(ldb_iter *it)
{
    it->it->Prev();
}

bool ldb_iter_valid(const ldb_iter *it)
{
    return it->it->Valid();
}

ldb_slice ldb_iter_key(const ldb_iter *it)
{
    return slice(it->it->key());
}

ldb_slice ldb_iter_value(const ldb_iter *it)
{
    return slice(it->it->value());
}

void ldb_iter_status(const ldb_iter *it, ldb_status *ret)
{
    Status s = it->it->status();
    if (s.ok())
        ret->code = LDB_OK;
    else
        put_status(s, ret);
}

ldb_bloom *ldb_bloom_new(int bits_per_key)
{
    return new ldb_bloom{leveldb::NewBloomFilterPolicy(bits_per_key)};
}

void ldb_bloom_free(ldb_bloom *b)
{
    if (b)
        delete b->policy;
    delete b;
}

char *ldb_bloom_build(const ldb_bloom *b, const ldb_slice *keys, int n, size_t *ret_size)
{
    std::vector<Slice> slices;
    slices.reserve(static_cast<size_t>(n));
    for (int i = 0; i < n; i++)
        slices.push_back(slice(keys[i]));
    std::string filter;
    b->policy->CreateFilter(slices.data(), n, &filter);
    char *p = static_cast<char *>(malloc(filter.size()));
    if (!p)
        abort();
    memcpy(p, filter.data(), filter.size());
    *ret_size = filter.size();
    return p;
}

bool ldb_bloom_matches(const ldb_bloom *b, ldb_slice filter, ldb_slice key)
{
    return b->policy->KeyMayMatch(slice(key), slice(filter));
}
