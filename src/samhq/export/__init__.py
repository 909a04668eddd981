"""What leaves samhq: tables, pictures, charts and mask formats."""
